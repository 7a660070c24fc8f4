import { environmentProxies } from '../../http/proxies.ts';
import { createCleanup } from '../../lib/cleanup.ts';
import { type Mirrors, openMirrors } from '../mirrors.ts';
import type { RpmRepository } from './repositories.ts';

/** The servers of repositories, reached as each section says. */
export interface RepositoryServers extends AsyncDisposable {
  of(repository: RpmRepository): Mirrors;
}

/**
 * Opens connections when they are needed.
 * @param environment names proxies and certificates
 * @param log told one line for each request
 */
export function openServers(environment: NodeJS.ProcessEnv, log: (line: string) => void): RepositoryServers {
  const opened = new Map<string, Mirrors>();
  const cleanup = createCleanup();

  function open({ connection, baseUrls, metalink, mirrorlist }: RpmRepository): Mirrors {
    const { proxy, credentials, verify, authorities, client } = connection;
    const usual = environmentProxies(environment);
    const addresses = [...baseUrls, metalink ?? '', mirrorlist ?? ''].filter((address) => URL.canParse(address));
    // Not to the mirrors of a list: those are others' machines.
    const origins = addresses.map((address) => new URL(address).origin);
    const mirrors = openMirrors(
      {
        environment,
        proxies: proxy === undefined ? usual : { http: proxy, https: proxy, none: '' },
        authorities: authorities === undefined ? [] : [authorities],
        verify,
        credentials: credentials === undefined ? undefined : { text: credentials, origins },
        client: client && { ...client, origins },
      },
      log,
    );
    cleanup.defer(() => mirrors[Symbol.asyncDispose]());
    return mirrors;
  }

  return {
    of(repository) {
      const { connection, baseUrls } = repository;
      const isKnown = connection.credentials !== undefined || connection.client !== undefined;
      const key = JSON.stringify([connection, isKnown ? baseUrls : []]);
      const known = opened.get(key) ?? open(repository);
      opened.set(key, known);
      return known;
    },
    [Symbol.asyncDispose]: cleanup[Symbol.asyncDispose],
  };
}
