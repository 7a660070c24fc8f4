import { getFromHelper, tokenUsername } from '../exec/tools/credential-helper.ts';
import {
  type AuthFileContent,
  canonicalHost,
  decodeAuth,
  dockerHub,
  normalizeKey,
  readAuthFile,
} from './credentials/auth-file.ts';
import { authFileLocations } from './credentials/locations.ts';
import type { RegistryOptions } from './registries.ts';

/** How a user shows a registry who they are. Secret: never to be logged, shown, or sent to another host. */
export type Credentials = { username: string; password: string } | { identityToken: string };

/** Credentials and where they stand. */
export interface FoundCredentials {
  credentials: Credentials;
  /** A file, or a credential helper's name: for messages. */
  source: string;
}

/**
 * The credentials that the user has for a repository, as containers-auth.json(5) and Docker keep them. A host matches
 * only as a whole, port included. Of keys with a namespace the longest one wins.
 * @param host as in a reference: `registry.example.com:5000`
 * @param environment the variables that say where files lie; credential helpers get them, too
 * @returns `undefined` if there are none: then the registry is asked anonymously
 * @throws CosaError `AUTH_FILE_MISSING`, `AUTH_FILE_INVALID`, `CREDENTIAL_HELPER_NAME` (exit 2), `TOOL_MISSING`
 *   (exit 3), `CREDENTIAL_HELPER_FAILED`; none of them holds a secret
 */
export async function findCredentials(
  host: string,
  repository: string,
  options: RegistryOptions,
  environment: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
  return (await locateCredentials(host, repository, options, environment))?.credentials;
}

/** As {@link findCredentials}, and says where they were found. */
export async function locateCredentials(
  host: string,
  repository: string,
  options: RegistryOptions,
  environment: NodeJS.ProcessEnv,
): Promise<FoundCredentials | undefined> {
  for (const location of authFileLocations(options, environment)) {
    const content = await readAuthFile(location);
    const helper = helperOf(content, host);
    if (helper !== undefined) {
      const kept = await getFromHelper(helper.name, serverName(host), environment);
      if (kept !== undefined) return { credentials: fromHelper(kept), source: `docker-credential-${helper.name}` };
      // As the manual page has it: what `auths` says of a host with a helper of its own does not count.
      if (helper.isOfHost) continue;
    }
    const credentials = inEntries(content, host, repository, location.path);
    if (credentials !== undefined) return { credentials, source: location.path };
  }
  return undefined;
}

/** The helper that a file names for a host: one of its own, or the one for all. */
export function helperOf(content: AuthFileContent, host: string): { name: string; isOfHost: boolean } | undefined {
  const own = Object.entries(content.credHelpers ?? {}).find(([key]) => normalizeKey(key) === canonicalHost(host));
  if (own !== undefined) return { name: own[1], isOfHost: true };
  return content.credsStore ? { name: content.credsStore, isOfHost: false } : undefined;
}

/** What credential helpers know a registry by. */
export function serverName(host: string): string {
  return canonicalHost(host) === dockerHub.host ? dockerHub.server : host;
}

function fromHelper({ username, secret }: { username: string; secret: string }): Credentials {
  return username === tokenUsername ? { identityToken: secret } : { username, password: secret };
}

function inEntries(content: AuthFileContent, host: string, repository: string, path: string): Credentials | undefined {
  const entries = Object.entries(content.auths ?? {});
  for (const namespace of namespaces(canonicalHost(host), repository)) {
    // A key that is written just so wins over an address that stands for the same.
    const matching = [
      ...entries.filter(([key]) => key === namespace),
      ...entries.filter(([key]) => key !== namespace && normalizeKey(key) === namespace),
    ];
    for (const [key, { auth, identitytoken }] of matching) {
      if (identitytoken) return { identityToken: identitytoken };
      if (auth) return decodeAuth(auth, key, path);
    }
  }
  return undefined;
}

/** `host/a/b`, `host/a`, `host`. */
function namespaces(host: string, repository: string): string[] {
  const parts = [host, ...repository.split('/').filter((part) => part !== '')];
  return parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
}
