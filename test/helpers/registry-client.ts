import { createConnections, type Timeouts } from '../../src/http/connections.ts';
import { environmentProxies } from '../../src/http/proxies.ts';
import { type ClientOptions, createClient } from '../../src/oci/registry/client/create-client.ts';
import type { RegistryClient } from '../../src/oci/registry/client.ts';

/** A registry's client alone, that never really waits before it tries again. */
export interface TestClient extends AsyncDisposable {
  client: RegistryClient;
  /** Asks for `os/example/manifests/latest`. */
  get(path?: string): ReturnType<RegistryClient['request']>;
  /** How long it would have waited, in milliseconds. */
  waits: number[];
  warnings: string[];
}

/** @param certificateAuthority PEM; only the usual authorities are trusted without */
export function testClient(
  host: string,
  options: Partial<ClientOptions> & {
    certificateAuthority?: string;
    timeouts?: Timeouts;
    environment?: NodeJS.ProcessEnv;
  } = {},
): TestClient {
  const waits: number[] = [];
  const warnings: string[] = [];
  const { certificateAuthority: ca, timeouts = { connect: 15_000, idle: 15_000 }, environment = {}, ...rest } = options;
  const connections = createConnections({
    certificates: async () => (ca === undefined ? {} : { ca }),
    proxies: environmentProxies(environment),
    timeouts,
  });
  const client = createClient({
    host,
    address: host,
    insecure: false,
    plainHttp: [],
    connections,
    credentials: async () => undefined,
    signal: new AbortController().signal,
    warn: (message) => void warnings.push(message),
    wait: async (milliseconds, signal) => {
      signal?.throwIfAborted();
      waits.push(milliseconds);
    },
    ...rest,
  });
  const scopes = [{ repository: 'os/example', access: 'pull' as const }];
  return {
    client,
    get: (path = 'os/example/manifests/latest') => client.request({ method: 'GET', path, scopes, accept: [200] }),
    waits,
    warnings,
    [Symbol.asyncDispose]: () => connections[Symbol.asyncDispose](),
  };
}
