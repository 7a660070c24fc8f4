import { createHash } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkDetachedSignature } from '../../exec/tools/gpgv.ts';
import { reasonOf } from '../../exec/tools/gpgv-status.ts';
import { loggedAddress } from '../../http/log.ts';
import { createAttempts, waitFor } from '../../http/retry.ts';
import { isTemporary } from '../../http/temporary-errors.ts';
import { CosaError, isSystemError, usageError, verificationError } from '../../lib/errors.ts';
import { exitStatus } from '../../lib/exit-status.ts';
import { writeFileAtomic } from '../../lib/files.ts';
import { exists } from '../../lib/if-exists.ts';
import { printable } from '../../lib/printable.ts';
import { readTextIfExists } from '../../lib/text-file.ts';
import { fetchFile } from '../fetch-file.ts';
import { encodedPath } from '../fetch-packages.ts';
import type { Mirrors } from '../mirrors.ts';
import type { IndexStore } from './index-store.ts';
import type { TrustedKeys } from './keys.ts';
import type { Metalink } from './metalink.ts';
import { placesOf } from './places.ts';
import { formatRepomd, type IndexFile, InvalidIndexError, parseRepomd, type RepositoryIndex } from './repomd.ts';
import { positionOfOption } from './repositories/section.ts';
import type { RpmRepository } from './repositories.ts';

/** A repository's index, verified and on this machine. */
export interface LocalIndex {
  repository: RpmRepository;
  /** Absolute path of a directory that a solver can read as a repository. */
  directory: string;
  /** Seconds since the epoch: how new it says that it is. */
  timestamp: number;
}

export interface MetadataContext {
  store: IndexStore;
  mirrors: Mirrors;
  keys: TrustedKeys;
  /** Whether the list of all files is wanted too: it is larger than all else, and few requests need it. */
  withFiles: boolean;
  signal: AbortSignal;
  log: (line: string) => void;
}

/** Bytes; an index of indexes has a thousandth. */
const mostIndexBytes = 4 * 1024 * 1024;
const mostSignatureBytes = 64 * 1024;

/**
 * Brings a repository's index up to date: its index of indexes is asked for each time, the rest only if that has changed. A
 * mirror that is dead, damaged or behind is given up for the next.
 * @throws CosaError `REPOSITORY_UNREACHABLE`, `REPOSITORY_INDEX`, `REPOSITORY_SIGNATURE` (exit 4), `REPOSITORY_UNTRUSTED` (exit 2)
 */
export async function updateIndex(repository: RpmRepository, context: MetadataContext): Promise<LocalIndex> {
  const { store, signal, keys, log } = context;
  if (repository.checksIndex && keys.files.length === 0) throw await withoutKey(repository);
  const directory = store.repository(repository.file.name);
  const attempts = createAttempts({ wait: waitFor, warn: log }, `the repository ${repository.file.name}`, signal);
  while (true) {
    try {
      const places = await placesOf(repository, context.mirrors, signal);
      const index = await currentIndex(repository, places, directory, context);
      await writeLocalIndex(index, directory, context.withFiles);
      return { repository, directory, timestamp: index.timestamp };
    } catch (error) {
      signal.throwIfAborted();
      // What may pass is behind the error that says it.
      const cause = error instanceof CosaError && isTemporary(error.cause) ? error.cause : error;
      await attempts.failed(cause).catch(() => {
        throw error;
      });
    }
  }
}

/** The index that the first good mirror has; what is here already is not fetched again. */
async function currentIndex(
  repository: RpmRepository,
  places: Metalink,
  directory: string,
  context: MetadataContext,
): Promise<RepositoryIndex> {
  const kept = await readTextIfExists(keptPath(directory), mostIndexBytes).catch(() => undefined);
  if (
    kept !== undefined &&
    places.digests.length > 0 &&
    isOneOf(Buffer.from(kept), places) &&
    !repository.checksIndex
  ) {
    const index = parseRepomd(kept);
    if (await isComplete(index, directory, context.withFiles)) return index;
  }
  const failures: unknown[] = [];
  for (const mirror of places.mirrors) {
    try {
      const bytes = await readIndex(repository, mirror, places, context);
      const index = parseRepomd(bytes.toString('utf8'));
      const others = places.mirrors.filter((other) => other !== mirror);
      await fetchFiles(index, [mirror, ...others], directory, context);
      await writeFileAtomic(keptPath(directory), bytes);
      return index;
    } catch (error) {
      context.signal.throwIfAborted();
      const failure = error instanceof InvalidIndexError ? invalidIndex(mirror, error) : error;
      context.log(`${loggedAddress(new URL(mirror))}: ${failure instanceof Error ? failure.message : String(failure)}`);
      failures.push(failure);
    }
  }
  throw noGoodMirror(repository, failures);
}

async function readIndex(
  repository: RpmRepository,
  mirror: string,
  places: Metalink,
  context: MetadataContext,
): Promise<Buffer> {
  const address = new URL('repodata/repomd.xml', mirror);
  const { bytes } = await context.mirrors.read(address, mostIndexBytes, context.signal);
  // The addresses of the config itself are not what the metalink speaks of, but they lead to the same repository.
  if (places.digests.length > 0 && !isOneOf(bytes, places)) {
    throw new InvalidIndexError('it is not the one that the metalink names: the mirror may be behind');
  }
  if (!repository.checksIndex) return bytes;
  await checkIndex(repository, bytes, new URL(`${address.href}.asc`), context);
  return bytes;
}

/** @throws CosaError `REPOSITORY_SIGNATURE` (exit 4), also if the signature is not there; what `Mirrors.read` throws else */
async function checkIndex(
  { file }: RpmRepository,
  bytes: Buffer,
  address: URL,
  { mirrors, keys, signal }: MetadataContext,
): Promise<void> {
  const refuse = (reason: string) =>
    verificationError(
      'REPOSITORY_SIGNATURE',
      `the signature of the repository "${file.name}" is not good: ${loggedAddress(address)}: ${reason}`,
      { hint: 'name the key that signs it with gpgkey, in the .repo file; repo_gpgcheck=0 if nobody signs it' },
    );
  const signature = await mirrors.read(address, mostSignatureBytes, signal).catch((error: unknown) => {
    const isMissing =
      isSystemError(error, 'ENOENT') || (error instanceof CosaError && error.code === 'MIRROR_NOT_FOUND');
    throw isMissing ? refuse('it is not there') : error;
  });
  const item = { signature: signature.bytes, data: bytes };
  const reason = reasonOf(await checkDetachedSignature(item, Buffer.concat(keys.files), signal));
  if (reason !== undefined) throw refuse(reason);
}

function isOneOf(bytes: Buffer, { digests }: Metalink): boolean {
  return digests.some(({ algorithm, hex }) => createHash(algorithm).update(bytes).digest('hex') === hex);
}

async function isComplete(index: RepositoryIndex, directory: string, withFiles: boolean): Promise<boolean> {
  const found = await Promise.all(wanted(index, withFiles).map((file) => exists(filePath(directory, file))));
  return found.every(Boolean);
}

function wanted({ files }: RepositoryIndex, withFiles: boolean): readonly IndexFile[] {
  return files.filter(({ type }) => withFiles || type !== 'filelists');
}

/** Files that are kept have their hash as name, and were verified when they came. */
async function fetchFiles(
  index: RepositoryIndex,
  mirrors: readonly string[],
  directory: string,
  context: MetadataContext,
): Promise<void> {
  for (const file of wanted(index, context.withFiles)) {
    const path = filePath(directory, file);
    if (await exists(path)) continue;
    const addresses = mirrors.map((mirror) => mirror + encodedPath(file.path));
    const mismatch = (address: URL, what: string) =>
      verificationError(
        'REPOSITORY_INDEX',
        `${loggedAddress(address)} is not the file that the index names: it has ${what}`,
        {
          hint: 'the mirror may be in the middle of an update: try again in a few minutes',
        },
      );
    const { size, digest, type } = file;
    const { mirrors: servers, store: cache, signal, log } = context;
    const fetching = { mirrors: servers, cache, signal, log, onBytes: () => undefined };
    const failure = await fetchFile({ title: `the index ${type}`, size, digest, mismatch }, addresses, path, fetching);
    if (failure !== undefined) throw failure.cause;
  }
}

function keptPath(directory: string): string {
  return join(directory, 'index.xml');
}

function fileName({ type, digest, path }: IndexFile): string {
  // The solver tells by the ending how it is compressed.
  const [ending = ''] = /(?:\.(?:xml|yaml))?(?:\.[a-z0-9]{1,5})?$/.exec(path) ?? [];
  return `${digest.hex}-${type}${ending}`;
}

function filePath(directory: string, file: IndexFile): string {
  return join(directory, 'repodata', fileName(file));
}

/** Leaves what a solver reads: an index of ours of the files that are here, and none that is older. */
async function writeLocalIndex(index: RepositoryIndex, directory: string, withFiles: boolean): Promise<void> {
  const files = wanted(index, withFiles).map((file) => ({ ...file, name: fileName(file) }));
  const repodata = join(directory, 'repodata');
  const current = new Set(index.files.map(fileName));
  for (const name of await readdir(repodata)) {
    if (name !== 'repomd.xml' && !current.has(name)) await rm(join(repodata, name), { force: true });
  }
  await writeFileAtomic(join(repodata, 'repomd.xml'), formatRepomd(files, index.timestamp));
}

function invalidIndex(mirror: string, cause: InvalidIndexError): CosaError {
  const address = `${loggedAddress(new URL(mirror))}repodata/repomd.xml`;
  return verificationError('REPOSITORY_INDEX', `${address} cannot be used: ${printable(cause.message)}`, { cause });
}

/** What a repository's mirrors failed with: that one is forged or damaged says more than that another is silent. */
function noGoodMirror({ file }: RpmRepository, failures: readonly unknown[]): Error {
  const worst =
    failures.find((failure) => failure instanceof CosaError && failure.code === 'REPOSITORY_SIGNATURE') ??
    failures.find((failure) => failure instanceof CosaError && failure.exitStatus !== exitStatus.failed);
  const lines = failures
    .slice(0, 5)
    .map((failure) => `  ${failure instanceof Error ? failure.message : String(failure)}`);
  const more = failures.length > lines.length ? [`  and ${failures.length - lines.length} more`] : [];
  const reasons = [...lines, ...more].join('\n');
  if (worst instanceof CosaError) {
    if (worst.code === 'REPOSITORY_SIGNATURE') return worst;
    const hint = worst.hint ?? 'name another mirror with baseurl, or wait until it is repaired';
    return verificationError(
      'REPOSITORY_INDEX',
      `the index of the repository "${file.name}" cannot be used:\n${reasons}`,
      {
        hint,
        cause: worst,
      },
    );
  }
  return new CosaError('REPOSITORY_UNREACHABLE', `the repository "${file.name}" cannot be reached:\n${reasons}`, {
    hint: 'check the address and the network; skip_if_unavailable=1 in its section lets builds go on without it',
    cause: failures.find(isTemporary) ?? failures.at(-1),
  });
}

async function withoutKey({ file }: RpmRepository): Promise<Error> {
  return usageError(
    'REPOSITORY_UNTRUSTED',
    `the repository "${file.name}" wants its index checked, and no section names a key`,
    {
      where: await positionOfOption(file, 'repo_gpgcheck'),
      hint: 'name a file with the public key with gpgkey, or say repo_gpgcheck=0',
    },
  );
}
