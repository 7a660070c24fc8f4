import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Cache } from '../cache/cache.ts';
import { loggedAddress } from '../http/log.ts';
import { resumed } from '../http/resume.ts';
import { type Attempts, createAttempts, waitFor } from '../http/retry.ts';
import { CosaError, isSystemError } from '../lib/errors.ts';
import { exitStatus } from '../lib/exit-status.ts';
import { commitRename } from '../lib/files.ts';
import { formatBytes } from '../lib/format.ts';
import { type Mirrors, openLocal } from './mirrors.ts';

/** A file that is known by its size and hash, whoever has it. */
export interface WantedFile {
  /** For people: `the package bash 5.2`. */
  title: string;
  /** Bytes. */
  size: number;
  digest: { algorithm: 'sha256' | 'sha384' | 'sha512'; hex: string };
  /** The error for an address whose bytes are others; `what` it has is told. */
  mismatch: (address: URL, what: string) => CosaError;
}

export interface FetchContext {
  mirrors: Mirrors;
  /** Has room for what has not arrived completely. */
  cache: Pick<Cache, 'unfinishedPath'>;
  signal: AbortSignal;
  onBytes: (count: number) => void;
  log: (line: string) => void;
  /** Origins that did not answer: asked after all others. Kept by the caller, for all files. */
  silent?: Set<string>;
}

/** What nobody could give, and why the last of them could not: `undefined` without any address. */
export interface NotFetched {
  cause: unknown;
}

/**
 * Fetches a file from the first address that has it, verified while it comes; it appears whole or not at all. A transfer
 * that breaks goes on where it stopped; an address that does not answer is given up for the next at once.
 * @param addresses best first
 * @param path where it is put
 * @returns `undefined` once it is there; else why it cannot be had
 * @throws CosaError `DISK_FULL`; the wanted file's mismatch if no address has the right bytes, and what else is no plain failure; the
 *   signal's reason
 */
export async function fetchFile(
  wanted: WantedFile,
  addresses: readonly string[],
  path: string,
  context: FetchContext,
): Promise<NotFetched | undefined> {
  const { silent = new Set<string>() } = context;
  const parsed = addresses.map((text) => new URL(text));
  const ordered = [
    ...parsed.filter(({ origin }) => !silent.has(origin)),
    ...parsed.filter(({ origin }) => silent.has(origin)),
  ];
  let last: unknown;
  for (const [index, address] of ordered.entries()) {
    context.signal.throwIfAborted();
    try {
      await fetchFrom(address, wanted, path, { ...context, isLast: index === ordered.length - 1 });
      return undefined;
    } catch (error) {
      context.signal.throwIfAborted();
      if (isSystemError(error, 'ENOSPC')) throw diskFull(wanted, error);
      context.log(`${loggedAddress(address)}: ${error instanceof Error ? error.message : String(error)}`);
      // That some other mirror lacks the file says less than a wrong hash.
      if (isNotThere(error)) last ??= error;
      else last = error;
      if (isSilence(error)) silent.add(address.origin);
    }
  }
  if (last instanceof CosaError && last.exitStatus !== exitStatus.failed) throw last;
  return { cause: last };
}

/** An address answers, and says that it has no such file. */
function isNotThere(error: unknown): boolean {
  return isSystemError(error, 'ENOENT') || (error instanceof CosaError && error.code === 'MIRROR_NOT_FOUND');
}

function isSilence(error: unknown): boolean {
  const codes = ['MIRROR_REFUSED', 'MIRROR_TIMEOUT', 'MIRROR_UNKNOWN_HOST', 'MIRROR_UNAVAILABLE', 'MIRROR_TLS'];
  return error instanceof CosaError && codes.includes(error.code);
}

async function fetchFrom(
  address: URL,
  wanted: WantedFile,
  path: string,
  context: FetchContext & { isLast: boolean },
): Promise<void> {
  const { signal, onBytes, cache } = context;
  // Another name each time: a stream that was broken off may still be about to open its file.
  const temporary = cache.unfinishedPath(basename(path));
  const hash = createHash(wanted.digest.algorithm);
  let received = 0;
  try {
    await pipeline(
      openAddress(address, wanted, context),
      async function* verify(chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          received += chunk.length;
          if (received > wanted.size) throw wanted.mismatch(address, tooMany(wanted));
          hash.update(chunk);
          onBytes(chunk.length);
          yield chunk;
        }
      },
      createWriteStream(temporary, { flags: 'wx' }),
      { signal },
    );
    if (received !== wanted.size) throw wanted.mismatch(address, `${received} of ${wanted.size} bytes`);
    const digest = hash.digest('hex');
    const { algorithm, hex } = wanted.digest;
    if (digest !== hex) throw wanted.mismatch(address, `${algorithm} ${digest}, expected ${hex}`);
    await commitRename(temporary, path);
  } catch (error) {
    onBytes(-received);
    await rm(temporary, { force: true });
    throw error;
  }
}

/** A file's bytes; those of a mirror go on where they stopped when a connection breaks. */
function openAddress(
  address: URL,
  wanted: WantedFile,
  { mirrors, signal, log, isLast }: FetchContext & { isLast: boolean },
): AsyncIterable<Buffer> {
  if (address.protocol === 'file:' || address.protocol === 'copy:') return openLocal(address);
  const refuse = (bytes: number) =>
    wanted.mismatch(address, bytes > wanted.size ? tooMany(wanted) : `${bytes} of ${wanted.size} bytes`);
  const open = (offset: number) => mirrors.open(address, wanted.size, offset, { signal, refuse });
  const attempts = createAttempts({ wait: waitFor, warn: log }, loggedAddress(address), signal);
  return resumed(wanted.size, open, isLast ? attempts : onceBegun(attempts));
}

/** Tries again only what has begun to come: before that, another mirror can be asked. */
function onceBegun(attempts: Attempts): Attempts {
  let hasBegun = false;
  return {
    progressed() {
      hasBegun = true;
      attempts.progressed();
    },
    async failed(failure) {
      if (!hasBegun) throw failure;
      await attempts.failed(failure);
    },
  };
}

function tooMany({ size }: WantedFile): string {
  return `more than ${size} bytes`;
}

function diskFull({ title, size }: WantedFile, cause: unknown): CosaError {
  return new CosaError('DISK_FULL', `no space is left for ${title} (${formatBytes(size)})`, {
    hint: 'make room, then run the same command again: what is downloaded stays',
    cause,
  });
}
