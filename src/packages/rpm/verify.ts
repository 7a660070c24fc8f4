import { openCache } from '../../cache/cache.ts';
import { cacheKinds } from '../../cache/kinds.ts';
import { type LockedPackage, type Lockfile, overridesRepository } from '../../contract/lockfile.ts';
import type { SignatureVerdict } from '../../exec/tools/gpgv-status.ts';
import { usageError, verificationError } from '../../lib/errors.ts';
import { plural } from '../../lib/format.ts';
import { sortByBytes } from '../../lib/order.ts';
import type { BackendContext } from '../backend.ts';
import { cachedPackagePath } from '../cached-package.ts';
import { readTrustedKeys, type TrustedKeys } from './keys.ts';
import { positionOfOption } from './repositories/section.ts';
import type { RpmRepository } from './repositories.ts';
import type { RepositoryServers } from './servers.ts';
import { checkRpmSignatures } from './signature.ts';

interface VerifyContext {
  repositories: readonly RpmRepository[];
  servers: RepositoryServers;
  context: BackendContext;
}

/**
 * Checks the signature of each package of a lock that is in the cache, unless its section says `gpgcheck=0` or it is a local
 * file. What the same keys have been seen to sign is not checked again: files are known by their hash.
 * @throws CosaError `PACKAGE_SIGNATURE` (exit 4) naming all packages that have none or no good one, `REPOSITORY_UNTRUSTED` (exit 2) without
 *   any key; what {@link readTrustedKeys} throws
 */
export async function verifySignatures(lock: Lockfile, verify: VerifyContext): Promise<void> {
  const { repositories, servers, context } = verify;
  const unchecked = repositories.filter(({ checksPackages }) => !checksPackages).map(({ file }) => file.name);
  const free = new Set([...unchecked, overridesRepository]);
  const items = lock.packages.filter(({ repository }) => !free.has(repository));
  if (items.length === 0) return;
  const keys = await readTrustedKeys(repositories, servers, context);
  if (keys.files.length === 0) throw await withoutKeys(items, repositories);
  const bad = await checkAgainst(keys, items, context);
  if (bad.length === 0) return;
  // A server may have new keys since its were fetched.
  const mayHelp = keys.isKept && bad.some(({ verdict }) => verdict.kind === 'unknown-key');
  const renewed = mayHelp ? await readTrustedKeys(repositories, servers, context, true) : keys;
  const still = renewed.fingerprint === keys.fingerprint ? bad : await checkAgainst(renewed, items, context);
  if (still.length > 0) throw notSigned(still);
}

/** A package, and what its signature is worth. */
interface CheckedPackage {
  item: LockedPackage;
  verdict: SignatureVerdict;
}

async function checkAgainst(
  keys: TrustedKeys,
  items: readonly LockedPackage[],
  { cacheDirectory, reporter }: BackendContext,
): Promise<CheckedPackage[]> {
  await using cache = await openCache(cacheDirectory, cacheKinds.signatures);
  const known = new Set((await cache.readText(keys.fingerprint))?.split('\n') ?? []);
  const fresh = items.filter(({ sha256 }) => !known.has(sha256));
  if (fresh.length === 0) return [];
  reporter.status(`checking the signatures of ${plural(fresh.length, 'package')}`);
  const files = fresh.map((item) => cachedPackagePath(cacheDirectory, item, 'rpm'));
  const verdicts = await checkRpmSignatures(files, Buffer.concat(keys.files), reporter.signal);
  const checked = fresh.map((item, index): CheckedPackage => {
    return { item, verdict: verdicts[index] ?? { kind: 'none' } };
  });
  const good = checked.filter(({ verdict }) => verdict.kind === 'good').map(({ item }) => item.sha256);
  await cache.writeText(keys.fingerprint, sortByBytes(new Set([...known, ...good])).join('\n'));
  await cache.trim();
  return checked.filter(({ verdict }) => verdict.kind !== 'good');
}

function notSigned(bad: readonly CheckedPackage[]): Error {
  const lines = bad.slice(0, 10).map(({ item, verdict }) => `${titleOf(item)} ${wordsFor(verdict)}`);
  const more = bad.length > lines.length ? [`and ${bad.length - lines.length} more`] : [];
  const hints: Readonly<Record<SignatureVerdict['kind'], string>> = {
    good: '',
    none: 'if its repository signs nothing, say gpgcheck=0 in its section: then only the index proves its packages',
    'unknown-key': 'name a file with that key with gpgkey, in the .repo file, if you trust it',
    bad: 'take it from another mirror, or a version that is signed anew',
  };
  return verificationError('PACKAGE_SIGNATURE', [...lines, ...more].join('\n'), {
    hint: hints[bad[0]?.verdict.kind ?? 'bad'],
  });
}

function titleOf({ name, version, repository }: LockedPackage): string {
  return `the package ${name} ${version} (repository "${repository}")`;
}

function wordsFor(verdict: SignatureVerdict): string {
  switch (verdict.kind) {
    case 'none':
      return 'is not signed';
    case 'unknown-key':
      return `is signed by the key ${verdict.key}, which no section names`;
    case 'bad':
      return `has no good signature: ${verdict.reason}`;
    case 'good':
      return 'is signed';
  }
}

async function withoutKeys(items: readonly LockedPackage[], repositories: readonly RpmRepository[]): Promise<Error> {
  const name = items[0]?.repository ?? '';
  const repository = repositories.find(({ file }) => file.name === name) ?? repositories[0];
  const where = repository === undefined ? undefined : await positionOfOption(repository.file);
  return usageError(
    'REPOSITORY_UNTRUSTED',
    `the packages of the repository "${name}" are to be checked, and no section names a key`,
    {
      ...(where === undefined ? {} : { where }),
      hint: 'name a file with the public key with gpgkey; gpgcheck=0 takes packages without looking at their signatures',
    },
  );
}
