import { canonicalHost, dockerHub } from '../credentials/auth-file.ts';

/** Where a registry listens: Docker's own does not at the host that its references name. */
export function addressOf(host: string): string {
  return canonicalHost(host) === dockerHub.host ? 'registry-1.docker.io' : host;
}

/** A repository's full name: Docker's registry keeps what has no owner under `library`. */
export function fullNameOf(host: string, repository: string): string {
  return canonicalHost(host) === dockerHub.host && !repository.includes('/') ? `library/${repository}` : repository;
}
