import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Dispatcher, request } from 'undici';
import { type Cache, openCache } from '../../cache/cache.ts';
import { cacheKinds } from '../../cache/kinds.ts';
import { type LockedPackage, type Lockfile, overridesRepository } from '../../contract/lockfile.ts';
import { digestFile, digestHex } from '../../lib/digest.ts';
import { CosaError, isSystemError, verificationError } from '../../lib/errors.ts';
import { commitRename } from '../../lib/files.ts';
import { formatBytes, plural } from '../../lib/format.ts';
import { ifExists } from '../../lib/if-exists.ts';
import { mapParallel } from '../../lib/parallel.ts';
import type { BackendContext, PackageRequest } from '../backend.ts';
import { downloadAgent } from './proxy.ts';
import { readSources, type VariableLookup } from './sources.ts';

/** Files fetched at the same time. */
const parallel = 8;
/** How often an address is tried before the next one is. */
const attempts = 3;

/** Where a package file is kept, whether it is there or not. */
export function cachedPackagePath(cacheDirectory: string, item: LockedPackage): string {
  return join(cacheDirectory, cacheKinds.packages.name, entryName(item));
}

function entryName(item: LockedPackage): string {
  return `${item.sha256}.deb`;
}

/** Brings the packages of a lock into the cache. See `PackageBackend.download` for the errors. */
export async function downloadDebs(
  packageRequest: PackageRequest,
  lock: Lockfile,
  lookup: VariableLookup,
  context: BackendContext,
): Promise<AsyncDisposable> {
  const cache = await openCache(context.cacheDirectory, cacheKinds.packages);
  try {
    const names = lock.packages.map(entryName);
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
  const agent = await downloadAgent();
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, context.reporter.signal]);
  // Every request and stream under way listens.
  setMaxListeners(0, signal);
  try {
    // Large files first, so that none is left alone at the end.
    const queue = [...missing].sort((a, b) => b.size - a.size);
    const worker = async () => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
        await fetchPackage(item, addresses(item), cachedPackagePath(context.cacheDirectory, item), {
          agent,
          cache: context.cache,
          signal,
          onBytes,
          log: context.reporter.log,
        });
      }
    };
    await Promise.all(
      Array.from({ length: parallel }, async () => {
        try {
          await worker();
        } catch (error) {
          // The first failure ends the others; theirs would only say that they were stopped.
          if (!stop.signal.aborted) stop.abort(error);
          throw error;
        }
      }),
    );
  } catch (error) {
    throw stop.signal.aborted ? (stop.signal.reason as Error) : error;
  } finally {
    await agent.destroy();
  }
  context.reporter.note(`${plural(lock.packages.length, 'package')}, ${missing.length} new (${formatBytes(total)})`);
}

/** Those that are not there, or not the files that were locked: a copy or a power loss may have changed them. */
async function missingPackages(lock: Lockfile, cacheDirectory: string): Promise<LockedPackage[]> {
  const checked = await mapParallel(lock.packages, async (item) => {
    const path = cachedPackagePath(cacheDirectory, item);
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
  agent: Dispatcher;
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
  for (const address of addresses) {
    for (let attempt = 1; attempt <= attempts; attempt++) {
      context.signal.throwIfAborted();
      try {
        await fetchOnce(item, address, path, context);
        return;
      } catch (error) {
        context.signal.throwIfAborted();
        context.log(`${address}: ${error instanceof Error ? error.message : String(error)}`);
        // A file that is not there is one to look for elsewhere; that some other mirror lacks it says less than a wrong hash.
        if (error instanceof NotThereError) {
          last ??= error;
          break;
        }
        last = error;
        if (isSystemError(error, 'ENOSPC')) throw diskFull(item, error);
        if (attempt < attempts) await delay(250 * 4 ** (attempt - 1), undefined, { signal: context.signal });
      }
    }
  }
  if (last instanceof CosaError) throw last;
  throw new CosaError(
    'PACKAGE_UNAVAILABLE',
    `the package ${item.name} ${item.version} is not to be had: ${last instanceof Error ? last.message : `no repository "${item.repository}" is configured`}`,
    {
      hint: 'if the version has left the mirror, choose anew with "cosa fetch --update-lockfile" or name a mirror that keeps old versions',
      cause: last,
    },
  );
}

/** An address answers, and says that it has no such file. */
class NotThereError extends Error {}

async function fetchOnce(item: LockedPackage, address: string, path: string, context: FetchContext): Promise<void> {
  // Another name each time: a stream that was broken off may still be about to open its file.
  const temporary = context.cache.unfinishedPath(basename(path));
  const hash = createHash('sha256');
  let received = 0;
  try {
    const body = await openAddress(address, context);
    await pipeline(
      body,
      async function* verify(chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          received += chunk.length;
          if (received > item.size) throw mismatch(item, address, `more than ${item.size} bytes`);
          hash.update(chunk);
          context.onBytes(chunk.length);
          yield chunk;
        }
      },
      createWriteStream(temporary, { flags: 'wx' }),
      { signal: context.signal },
    );
    if (received !== item.size) throw mismatch(item, address, `${received} of ${item.size} bytes`);
    const digest = hash.digest('hex');
    if (digest !== item.sha256) throw mismatch(item, address, `sha256 ${digest}, expected ${item.sha256}`);
    await commitRename(temporary, path);
  } catch (error) {
    context.onBytes(-received);
    await rm(temporary, { force: true });
    throw error;
  }
}

async function openAddress(address: string, context: FetchContext): Promise<AsyncIterable<Buffer>> {
  const url = new URL(address);
  if (url.protocol === 'file:' || url.protocol === 'copy:') {
    const path = fileURLToPath(`file://${url.pathname}`);
    await stat(path).catch((error: unknown) => {
      throw isSystemError(error, 'ENOENT') ? new NotThereError(`${path} does not exist`) : error;
    });
    return createReadStream(path, { highWaterMark: 1 << 18 });
  }
  const { statusCode, body } = await followRedirects(address, context);
  if (statusCode === 200) return body;
  await body.dump();
  const message = `${address} answers with status ${statusCode}`;
  throw statusCode === 404 || statusCode === 410 || statusCode === 403
    ? new NotThereError(message)
    : new Error(message);
}

/** Redirecting mirrors are common; more than a few hops are a loop. */
async function followRedirects(address: string, { agent, signal }: FetchContext): Promise<Dispatcher.ResponseData> {
  let url = address;
  for (let hops = 0; ; hops++) {
    const response = await request(url, { dispatcher: agent, signal });
    const location = response.headers.location;
    if (![301, 302, 303, 307, 308].includes(response.statusCode) || typeof location !== 'string') return response;
    await response.body.dump();
    if (hops === 5) throw new Error(`${address} redirects too often`);
    url = new URL(location, url).href;
  }
}

function mismatch(item: LockedPackage, address: string, what: string): CosaError {
  return verificationError(
    'PACKAGE_HASH_MISMATCH',
    `the package ${item.name} ${item.version} is not the one that was locked: ${address} has ${what}`,
    { hint: 'if the repository was rebuilt, choose anew with "cosa fetch --update-lockfile"' },
  );
}

function diskFull(item: LockedPackage, cause: unknown): CosaError {
  return new CosaError('DISK_FULL', `no space is left for the package ${item.name} (${formatBytes(item.size)})`, {
    hint: 'make room, then run the same command again: what is downloaded stays',
    cause,
  });
}
