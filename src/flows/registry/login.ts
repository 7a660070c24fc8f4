import { type CosaError, usageError } from '../../lib/errors.ts';
import { removeAllCredentials, removeCredentials, storeCredentials } from '../../oci/credentials/store.ts';
import { locateCredentials } from '../../oci/credentials.ts';
import { isHost } from '../../oci/image-name.ts';
import type { RegistryOptions } from '../../oci/registries.ts';
import { createRegistries } from '../../oci/registry.ts';
import { type Pipeline, runStep } from '../../progress/step.ts';

/** Where credentials are kept. */
export interface CredentialStorage {
  options: RegistryOptions;
  environment: NodeJS.ProcessEnv;
}

/**
 * Keeps a user's name and password for a registry, once the registry has taken them.
 * @param host as in a reference: `registry.example.com:5000`
 * @returns where they are kept, a file or a credential helper, and whether the registry asked for them at all: one that
 *   asks nobody takes anything
 * @throws CosaError `LOGIN_HOST`, `LOGIN_CREDENTIALS` (exit 2), `REGISTRY_UNAUTHORIZED` and all else that `ping` and
 *   `storeCredentials` may throw
 */
export async function logIn(
  pipeline: Pipeline,
  host: string,
  credentials: { username: string; password: string },
  { options, environment }: CredentialStorage,
): Promise<{ keptIn: string; isAsked: boolean }> {
  requireHost(host);
  requireUsable(credentials);
  let isAsked = false;
  await runStep(pipeline, `ask ${host} whether it lets ${credentials.username} in`, async () => {
    const answer = async () => {
      isAsked = true;
      return credentials;
    };
    await using registries = createRegistries(options, { environment, credentials: answer });
    await registries.ping(host);
  });
  const keptIn = await runStep(pipeline, 'keep user name and password', () =>
    storeCredentials(host, credentials, options, environment),
  );
  return { keptIn, isAsked };
}

/**
 * Forgets the credentials for a registry.
 * @returns whether there were any where `login` keeps them, and where there are others that still count
 * @throws CosaError `LOGIN_HOST` (exit 2), what `removeCredentials` throws
 */
export async function logOut(
  pipeline: Pipeline,
  host: string,
  { options, environment }: CredentialStorage,
): Promise<{ removed: boolean; remaining: string | undefined }> {
  requireHost(host);
  return runStep(pipeline, 'forget user name and password', async () => {
    const removed = await removeCredentials(host, options, environment);
    // A file that was named and never written is no error for who wants nothing to be in it.
    const rest = options.authFile === undefined ? await locateCredentials(host, '', options, environment) : undefined;
    return { removed, remaining: rest?.source };
  });
}

/**
 * Forgets the credentials for all registries.
 * @returns the hosts and namespaces that were forgotten
 * @throws CosaError what `removeAllCredentials` throws
 */
export async function logOutOfAll(
  pipeline: Pipeline,
  { options, environment }: CredentialStorage,
): Promise<readonly string[]> {
  return runStep(pipeline, 'forget user names and passwords', () => removeAllCredentials(options, environment));
}

function requireHost(host: string): void {
  if (isHost(host)) return;
  const meant = host.replace(/^[a-z]+:\/\//, '').split('/')[0] ?? '';
  throw usageError('LOGIN_HOST', `"${host}" is not a registry's host`, {
    hint: isHost(meant) ? `write ${meant}` : 'write it as in references: HOST or HOST:PORT',
  });
}

function requireUsable({ username, password }: { username: string; password: string }): void {
  if (username === '' || username.includes(':')) throw unusable('a user name has at least one character and no ":"');
  if (password === '') throw unusable('the password is empty');
}

function unusable(reason: string): CosaError {
  return usageError('LOGIN_CREDENTIALS', reason);
}
