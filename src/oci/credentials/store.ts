import { realpath } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { withLock } from '../../exec/lock.ts';
import { eraseFromHelper, storeInHelper } from '../../exec/tools/credential-helper.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { removeTemporaries, writeFileAtomic } from '../../lib/files.ts';
import { ifExists } from '../../lib/if-exists.ts';
import { sortByBytes } from '../../lib/order.ts';
import { helperOf, serverName } from '../credentials.ts';
import type { RegistryOptions } from '../registries.ts';
import { type AuthFileContent, canonicalHost, encodeAuth, normalizeKey, readAuthFile } from './auth-file.ts';
import { primaryAuthFile } from './locations.ts';

/**
 * Keeps a user's name and password for a host, in place of what was kept before: in the file that comes first when
 * credentials are looked for, or in the credential helper that this file names. The file is replaced as a whole, for
 * its owner alone; what else is in it stays.
 * @returns where they are kept: the file, or the helper
 * @throws CosaError as `findCredentials`
 */
export async function storeCredentials(
  host: string,
  { username, password }: { username: string; password: string },
  options: RegistryOptions,
  environment: NodeJS.ProcessEnv,
): Promise<string> {
  return changeAuthFile(options, environment, async (content, path) => {
    const helper = helperOf(content, host);
    if (helper === undefined)
      return { content: withEntry(content, host, encodeAuth(username, password)), result: path };
    await storeInHelper(helper.name, serverName(host), { username, secret: password }, environment);
    // As Docker does: an empty entry tells which hosts the helper for all of them knows.
    const changed = helper.isOfHost ? content : withEntry(content, host, undefined);
    return { content: changed, result: `docker-credential-${helper.name}` };
  });
}

/**
 * Forgets a host's credentials, in the file that {@link storeCredentials} writes.
 * @returns false if there were none
 * @throws CosaError as `findCredentials`
 */
export async function removeCredentials(
  host: string,
  options: RegistryOptions,
  environment: NodeJS.ProcessEnv,
): Promise<boolean> {
  return changeAuthFile(options, environment, async (content) => {
    const helper = helperOf(content, host);
    const isErased = helper !== undefined && (await eraseFromHelper(helper.name, serverName(host), environment));
    const changed = withoutHost(content, host);
    return { content: changed, result: isErased || changed !== content };
  });
}

/**
 * Forgets the credentials of all hosts, in the file that {@link storeCredentials} writes. Which helper keeps those of
 * which host stays.
 * @returns the hosts and namespaces that were forgotten, sorted
 * @throws CosaError as `findCredentials`
 */
export async function removeAllCredentials(
  options: RegistryOptions,
  environment: NodeJS.ProcessEnv,
): Promise<readonly string[]> {
  return changeAuthFile(options, environment, async (content) => {
    const forgotten = new Set<string>();
    for (const [key, { auth, identitytoken }] of Object.entries(content.auths ?? {})) {
      if (auth || identitytoken) forgotten.add(normalizeKey(key));
    }
    for (const key of [...Object.keys(content.credHelpers ?? {}), ...Object.keys(content.auths ?? {})]) {
      const host = normalizeKey(key);
      const helper = helperOf(content, host);
      if (helper === undefined) continue;
      if (await eraseFromHelper(helper.name, serverName(host), environment)) forgotten.add(host);
    }
    const isEmpty = Object.keys(content.auths ?? {}).length === 0;
    return { content: isEmpty ? content : { ...content, auths: {} }, result: sortByBytes(forgotten) };
  });
}

async function changeAuthFile<T>(
  options: RegistryOptions,
  environment: NodeJS.ProcessEnv,
  change: (content: AuthFileContent, path: string) => Promise<{ content: AuthFileContent; result: T }>,
): Promise<T> {
  const path = resolve(primaryAuthFile(options, environment));
  const file = await target(path);
  await makeDirectory(dirname(file), 0o700);
  // The directory itself is the lock: nothing is left beside a file that others look after, too.
  return withLock(dirname(file), async () => {
    await removeTemporaries(dirname(file), [basename(file)]);
    const before = await readAuthFile({ path, isLegacy: false, isRequired: false });
    const { content, result } = await change(before, path);
    if (content !== before) await writeFileAtomic(file, `${JSON.stringify(content, null, 2)}\n`, 0o600);
    return result;
  });
}

/** Where a link leads: it shall stay a link. */
async function target(path: string): Promise<string> {
  return (await ifExists(realpath(path))) ?? path;
}

function withEntry(content: AuthFileContent, host: string, auth: string | undefined): AuthFileContent {
  const entries = Object.entries(content.auths ?? {});
  // The name that the file has for the host already is the one that its other readers know.
  const key = entries.map(([name]) => name).find((name) => isKeyOf(name, host)) ?? canonicalHost(host);
  const { auths } = withoutHost(content, host);
  return { ...content, auths: { ...auths, [key]: auth === undefined ? {} : { auth } } };
}

function withoutHost(content: AuthFileContent, host: string): AuthFileContent {
  const entries = Object.entries(content.auths ?? {});
  const others = entries.filter(([key]) => !isKeyOf(key, host));
  return others.length === entries.length ? content : { ...content, auths: Object.fromEntries(others) };
}

function isKeyOf(key: string, host: string): boolean {
  return normalizeKey(key) === canonicalHost(host);
}
