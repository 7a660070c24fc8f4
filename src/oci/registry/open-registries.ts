import { canonicalHost, dockerHub } from '../credentials/auth-file.ts';
import { findCredentials } from '../credentials/credentials.ts';
import type { Registries, RegistryOptions, Repository } from '../registries.ts';
import type { RegistryClient } from './client.ts';
import { readCertificates } from './configuration/certificates.ts';
import { type RegistryRule, readRegistryRules } from './configuration/registries-conf.ts';
import { routeOf, type Source } from './configuration/routes.ts';
import type { RegistryEnvironment } from './environment.ts';
import { mirroredClient, type PullSource } from './mirrors.ts';
import { openRepository } from './repository.ts';
import { createConnections, usualTimeouts } from './transport/connections.ts';
import { createClient } from './transport/create-client.ts';
import { waitFor } from './transport/retry.ts';

/** Docker's registry does not listen at the host that its references name. */
const dockerHubAddress = 'registry-1.docker.io';

/** What `createRegistries` loads when the first registry is to be asked. */
export function openRegistries(options: RegistryOptions, registryEnvironment: RegistryEnvironment): Registries {
  const { environment, warn = () => undefined, timeouts = usualTimeouts } = registryEnvironment;
  const lifetime = new AbortController();
  const connections = createConnections((host) => readCertificates(host, options, environment), timeouts);
  const clients = new Map<string, RegistryClient>();
  let rules: Promise<RegistryRule[]> | undefined;

  const clientOf = (host: string, insecure: boolean): RegistryClient => {
    const key = `${host} ${insecure}`;
    const client =
      clients.get(key) ??
      createClient({
        host,
        address: canonicalHost(host) === dockerHub.host ? dockerHubAddress : host,
        insecure,
        plainHttp: options.plainHttp ?? [],
        connections,
        credentials: (repository) =>
          registryEnvironment.credentials?.(host, repository) ??
          findCredentials(host, repository, options, environment),
        signal: lifetime.signal,
        warn,
        wait: registryEnvironment.wait ?? waitFor,
      });
    clients.set(key, client);
    return client;
  };

  const sourceOf = (source: Source, pull: PullSource['pull'] = 'all'): PullSource => ({
    client: clientOf(source.host, source.insecure),
    repository: repositoryName(source.host, source.repository),
    pull,
  });

  return {
    async repository(host, repository, purpose = 'reading'): Promise<Repository> {
      rules ??= readRegistryRules(environment);
      const name = repositoryName(host, repository);
      const { mirrors, reading, writing } = routeOf(await rules, host, name);
      const client = clientOf(writing.host, writing.insecure);
      if (purpose === 'writing') return openRepository(client, name);
      const sources = mirrors.map((mirror) => sourceOf(mirror, mirror.pull));
      return openRepository(mirroredClient(client, name, sources, sourceOf(reading), warn), name);
    },
    async ping(host) {
      const answer = await clientOf(host, false).request({ method: 'GET', path: '', scopes: [], accept: [200] });
      await answer.discard();
    },
    async [Symbol.asyncDispose]() {
      lifetime.abort();
      await connections[Symbol.asyncDispose]();
    },
  };
}

/** Docker's registry keeps what has no owner under `library`. */
function repositoryName(host: string, repository: string): string {
  return canonicalHost(host) === dockerHub.host && !repository.includes('/') ? `library/${repository}` : repository;
}
