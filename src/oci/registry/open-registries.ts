import { createConnections, usualTimeouts } from '../../http/connections.ts';
import { environmentProxies } from '../../http/proxies.ts';
import { waitFor } from '../../http/retry.ts';
import { findCredentials } from '../credentials.ts';
import type { Registries, RegistryOptions, Repository } from '../registries.ts';
import { createClient } from './client/create-client.ts';
import type { RegistryClient } from './client.ts';
import { readCertificates } from './configuration/certificates.ts';
import { readRegistryRules } from './configuration/read-rules.ts';
import type { RegistryRule } from './configuration/registries-conf.ts';
import { type Route, routeOf, type Source } from './configuration/routes.ts';
import { addressOf, fullNameOf } from './docker-hub.ts';
import type { RegistryEnvironment } from './environment.ts';
import { mirroredClient, type PullSource } from './mirrors.ts';
import { openRepository } from './repository.ts';

/** What `createRegistries` loads when the first registry is to be asked. */
export function openRegistries(options: RegistryOptions, registryEnvironment: RegistryEnvironment): Registries {
  const { environment, warn = () => undefined, timeouts = usualTimeouts } = registryEnvironment;
  const lifetime = new AbortController();
  const connections = createConnections({
    certificates: (host) => readCertificates(host, options, environment),
    proxies: environmentProxies(environment),
    timeouts,
  });
  const clients = new Map<string, RegistryClient>();
  let rules: Promise<RegistryRule[]> | undefined;

  const clientOf = (host: string, insecure: boolean): RegistryClient => {
    const key = `${host} ${insecure}`;
    const client =
      clients.get(key) ??
      createClient({
        host,
        address: addressOf(host),
        insecure,
        plainHttp: options.plainHttp ?? [],
        connections,
        credentials: (repository) =>
          registryEnvironment.credentials?.(host, repository) ??
          findCredentials(host, repository, options, environment),
        signal: lifetime.signal,
        warn,
        log: registryEnvironment.log,
        wait: registryEnvironment.wait ?? waitFor,
      });
    clients.set(key, client);
    return client;
  };

  const routeTo = async (host: string, repository: string): Promise<Route> => {
    rules ??= readRegistryRules(environment);
    return routeOf(await rules, host, repository);
  };

  const sourceOf = (source: Source, pull: PullSource['pull'] = 'all'): PullSource => ({
    client: clientOf(source.host, source.insecure),
    repository: fullNameOf(source.host, source.repository),
    pull,
  });

  return {
    async repository(host, repository, purpose = 'reading'): Promise<Repository> {
      const name = fullNameOf(host, repository);
      const { mirrors, reading, writing } = await routeTo(host, name);
      const client = clientOf(writing.host, writing.insecure);
      if (purpose === 'writing') return openRepository(client, name, warn);
      const sources = mirrors.map((mirror) => sourceOf(mirror, mirror.pull));
      return openRepository(mirroredClient(client, name, sources, sourceOf(reading), warn), name, warn);
    },
    async ping(host) {
      const { writing } = await routeTo(host, '');
      const client = clientOf(host, writing.insecure);
      const answer = await client.request({ method: 'GET', path: '', scopes: [], accept: [200] });
      await answer.discard();
    },
    async [Symbol.asyncDispose]() {
      lifetime.abort();
      await connections[Symbol.asyncDispose]();
    },
  };
}
