import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { type Cache, openCache } from '../../cache/cache.ts';
import { cacheKinds } from '../../cache/kinds.ts';
import { type LockedPackage, type Lockfile, overridesRepository } from '../../contract/lockfile.ts';
import { loggedAddress } from '../../http/log.ts';
import { resumed } from '../../http/resume.ts';
import { createAttempts, waitFor } from '../../http/retry.ts';
import { digestFile, digestHex } from '../../lib/digest.ts';
import { CosaError, isSystemError, verificationError } from '../../lib/errors.ts';
import { exitStatus } from '../../lib/exit-status.ts';
import { commitRename } from '../../lib/files.ts';
import { formatBytes, plural } from '../../lib/format.ts';
import { ifExists } from '../../lib/if-exists.ts';
import { mapParallel } from '../../lib/parallel.ts';
import type { BackendContext, PackageRequest } from '../backend.ts';
import { cachedPackageName, cachedPackagePath } from '../cached-package.ts';
import { type Mirrors, openMirrors } from './mirror-client.ts';
import { readSources, type VariableLookup } from './sources.ts';

/** Files fetched at the same time. */
const parallel = 8;

/** Brings the packages of a lock into the cache. See `PackageBackend.download` for the errors. */
export async function downloadDebs(
  packageRequest: PackageRequest,
  lock: Lockfile,
  lookup: VariableLookup,
  context: BackendContext,
): Promise<AsyncDisposable> {
  const cache = await openCache(context.cacheDirectory, cacheKinds.packages);
  try {
    const names = lock.packages.map((item) => cachedPackageName(item, 'deb'));
    await cache.use(names);
    await fetchMissing(packageRequest, lock, lookup, { ...context, cache });
    await mapParallel(names, (name) => cache.touch(name));
    await cache.trim();
    return cache;
  } catch (error) {
    await cache[Symbol.asyncDispose]();
    throw error;
  }
}

async function fetchMissing(
  packageRequest: PackageRequest,
  lock: Lockfile,
  lookup: VariableLookup,
  context: BackendContext & Pick<FetchContext, 'cache'>,
): Promise<void> {
  const missing = await missingPackages(lock, context.cacheDirectory);
  if (missing.length === 0) {
    context.reporter.note(`${plural(lock.packages.length, 'package')}, none new`);
    return;
  }
  const total = missing.reduce((sum, { size }) => sum + size, 0);
  const addresses = await addressBook(packageRequest, lookup);
  let done = 0;
  const onBytes = (count: number) => {
    done += count;
    context.reporter.progress(done, total, 'bytes');
  };
  await using mirrors = await openMirrors(process.env, context.reporter.log);
  const { cache, cacheDirectory, reporter } = context;
  const fetchOne = (item: LockedPackage, signal: AbortSignal) =>
    fetchPackage(item, addresses(item), cachedPackagePath(cacheDirectory, item, 'deb'), {
      mirrors,
      cache,
      signal,
      onBytes,
      log: reporter.log,
    });
  // Large files first, so that none is left alone at the end.
  const largestFirst = missing.toSorted((a, b) => b.size - a.size);
  await mapParallel(largestFirst, fetchOne, parallel, reporter.signal);
  context.reporter.note(`${plural(lock.packages.length, 'package')}, ${missing.length} new (${formatBytes(total)})`);
}

/** Those that are not there, or not the files that were locked: a copy or a power loss may have changed them. */
async function missingPackages(lock: Lockfile, cacheDirectory: string): Promise<LockedPackage[]> {
  const checked = await mapParallel(lock.packages, async (item) => {
    const path = cachedPackagePath(cacheDirectory, item, 'deb');
    if ((await ifExists(stat(path)))?.size !== item.size) return [item];
    const found = await ifExists(digestFile(path));
    return found !== undefined && digestHex(found.digest) === item.sha256 ? [] : [item];
  });
  return checked.flat();
}

/** Gives the addresses at which a package may be had, best first. */
async function addressBook(
  packageRequest: PackageRequest,
  lookup: VariableLookup,
): Promise<(item: LockedPackage) => string[]> {
  const sources = await readSources(packageRequest.repositories, lookup);
  return (item) => {
    if (item.repository === overridesRepository) {
      return packageRequest.overrides
        .filter((file) => file.endsWith(`/${item.path}`))
        .map((file) => `file://${encodeURI(file)}`);
    }
    // A repository file may name several archives: a package's path exists in one of them.
    const own = sources.filter(({ repository }) => repository === item.repository);
    const uris = new Set(own.flatMap((source) => source.uris));
    return [...uris].map((uri) => uri + item.path.split('/').map(encodeURIComponent).join('/'));
  };
}

interface FetchContext {
  mirrors: Mirrors;
  /** Has room for what has not arrived completely. */
  cache: Pick<Cache, 'unfinishedPath'>;
  signal: AbortSignal;
  onBytes: (count: number) => void;
  log: (line: string) => void;
}

async function fetchPackage(
  item: LockedPackage,
  addresses: readonly string[],
  path: string,
  context: FetchContext,
): Promise<void> {
  let last: unknown;
  for (const address of addresses.map((text) => new URL(text))) {
    context.signal.throwIfAborted();
    try {
      await fetchFrom(address, item, path, context);
      return;
    } catch (error) {
      context.signal.throwIfAborted();
      if (isSystemError(error, 'ENOSPC')) throw diskFull(item, error);
      context.log(`${loggedAddress(address)}: ${error instanceof Error ? error.message : String(error)}`);
      // That some other mirror lacks the file says less than a wrong hash.
      if (isNotThere(error)) last ??= error;
      else last = error;
    }
  }
  if (last instanceof CosaError && last.exitStatus !== exitStatus.failed) throw last;
  throw unavailable(item, last);
}

/** An address answers, and says that it has no such file. */
function isNotThere(error: unknown): boolean {
  return isSystemError(error, 'ENOENT') || (error instanceof CosaError && error.code === 'MIRROR_NOT_FOUND');
}

function unavailable({ name, version, repository }: LockedPackage, cause: unknown): CosaError {
  const reason = cause instanceof Error ? cause.message : `no repository "${repository}" is configured`;
  const ownHint = cause instanceof CosaError ? cause.hint : undefined;
  return new CosaError('PACKAGE_UNAVAILABLE', `the package ${name} ${version} is not to be had: ${reason}`, {
    hint:
      ownHint ??
      'if the version has left the mirror, choose anew with "cosa fetch --update-lockfile" or name a mirror that keeps old versions',
    cause,
  });
}

async function fetchFrom(address: URL, item: LockedPackage, path: string, context: FetchContext): Promise<void> {
  const { signal, onBytes, cache } = context;
  // Another name each time: a stream that was broken off may still be about to open its file.
  const temporary = cache.unfinishedPath(basename(path));
  const hash = createHash('sha256');
  let received = 0;
  try {
    await pipeline(
      openAddress(address, item, context),
      async function* verify(chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          received += chunk.length;
          if (received > item.size) throw mismatch(item, address, tooMany(item));
          hash.update(chunk);
          onBytes(chunk.length);
          yield chunk;
        }
      },
      createWriteStream(temporary, { flags: 'wx' }),
      { signal },
    );
    if (received !== item.size) throw mismatch(item, address, `${received} of ${item.size} bytes`);
    const digest = hash.digest('hex');
    if (digest !== item.sha256) throw mismatch(item, address, `sha256 ${digest}, expected ${item.sha256}`);
    await commitRename(temporary, path);
  } catch (error) {
    onBytes(-received);
    await rm(temporary, { force: true });
    throw error;
  }
}

/** A file's bytes; those of a mirror go on where they stopped when a connection breaks. */
function openAddress(address: URL, item: LockedPackage, { mirrors, signal, log }: FetchContext): AsyncIterable<Buffer> {
  if (address.protocol === 'file:' || address.protocol === 'copy:') {
    return createReadStream(fileURLToPath(`file://${address.pathname}`), { highWaterMark: 1 << 18 });
  }
  const refuse = (bytes: number) =>
    mismatch(item, address, bytes > item.size ? tooMany(item) : `${bytes} of ${item.size} bytes`);
  const open = (offset: number) => mirrors.open(address, item.size, offset, { signal, refuse });
  return resumed(item.size, open, createAttempts({ wait: waitFor, warn: log }, loggedAddress(address), signal));
}

function tooMany({ size }: LockedPackage): string {
  return `more than ${size} bytes`;
}

function mismatch(item: LockedPackage, address: URL, what: string): CosaError {
  return verificationError(
    'PACKAGE_HASH_MISMATCH',
    `the package ${item.name} ${item.version} is not the one that was locked: ${loggedAddress(address)} has ${what}`,
    { hint: 'if the repository was rebuilt, choose anew with "cosa fetch --update-lockfile"' },
  );
}

function diskFull(item: LockedPackage, cause: unknown): CosaError {
  return new CosaError('DISK_FULL', `no space is left for the package ${item.name} (${formatBytes(item.size)})`, {
    hint: 'make room, then run the same command again: what is downloaded stays',
    cause,
  });
}
