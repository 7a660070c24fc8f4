import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { type Attempts, createAttempts, type RetryContext } from '../../http/retry.ts';
import { markTemporary } from '../../http/temporary-errors.ts';
import type { FilePart } from '../../http/web-files.ts';
import { CosaError, verificationError } from '../../lib/errors.ts';
import type { FileSources } from './file-sources.ts';

/** An answer that brought fewer new bytes than this is no progress: a server must not keep us for ever. */
const leastProgress = 64 * 1024;
/** Nobody publishes larger files, and a server could send without end. */
const mostBytes = 2 ** 40;

export interface FileToDownload {
  address: string;
  /** What the metadata says of it, in hexadecimal digits. */
  sha256: string;
  /** Where its bytes are collected; what an earlier attempt has left there is not asked for again. */
  partial: string;
}

export interface DownloadContext extends RetryContext {
  signal: AbortSignal;
  /** Told how much of the file is there, and how much it has, if that is known. */
  progress: (done: number, total: number | undefined) => void;
}

/**
 * Downloads a file, as often as a connection breaks from where it broke, and verifies all of it, with what was there. It is
 * on the disk then. The caller keeps others away from it.
 * @returns bytes of the file, and how many of them came over the network
 * @throws CosaError `DOWNLOAD_MISMATCH` (exit 4): nothing is kept then; what the sources throw: what has come is kept
 */
export async function downloadFile(
  sources: FileSources,
  { address, sha256, partial }: FileToDownload,
  context: DownloadContext,
): Promise<{ size: number; downloaded: number }> {
  const file = await open(partial, 'a+', 0o644);
  try {
    let downloaded = 0;
    for (let begin = await hashed(file); ; begin = { hash: createHash('sha256'), size: 0 }) {
      const { hash, size } = await fetchRest(sources, address, file, begin, context);
      downloaded += size - begin.size;
      const found = hash.digest('hex');
      if (found === sha256) {
        await file.sync();
        return { size, downloaded };
      }
      await file.truncate(0);
      // What was left from another time may be at fault.
      if (begin.size > 0) continue;
      await rm(partial, { force: true });
      throw verificationError('DOWNLOAD_MISMATCH', `${address} is not what the metadata says: its sha256 is ${found}`, {
        hint: `it should be ${sha256}: the file or the metadata was changed; ask who publishes it`,
      });
    }
  } finally {
    await file.close();
  }
}

/** What of a file is there, with the hash of it. */
interface Received {
  hash: Hash;
  /** Bytes. */
  size: number;
}

async function hashed(file: FileHandle): Promise<Received> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of file.createReadStream({ start: 0, autoClose: false, highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    size += (chunk as Buffer).length;
  }
  return { hash, size };
}

async function fetchRest(
  sources: FileSources,
  address: string,
  file: FileHandle,
  begin: Received,
  context: DownloadContext,
): Promise<Received> {
  const { signal, progress } = context;
  const received = { hash: begin.hash, size: begin.size };
  const attempts: Attempts = createAttempts(context, address, signal);
  for (;;) {
    const { size: before } = received;
    try {
      const part = await sources.open(address, before, signal);
      for await (const chunk of from(part, before)) {
        signal.throwIfAborted();
        await file.appendFile(chunk);
        received.hash.update(chunk);
        received.size += chunk.length;
        progress(received.size, part.size);
        if (received.size > mostBytes) throw new CosaError('SERVER_FAILED', `${address} does not end`);
      }
      if (part.size === undefined || received.size >= part.size) return received;
      throw markTemporary(
        new CosaError('SERVER_INTERRUPTED', `${address} ended after ${received.size} of ${part.size} bytes`),
      );
    } catch (failure) {
      if (received.size - before >= leastProgress) attempts.progressed();
      await attempts.failed(failure);
    }
  }
}

/** The bytes from an offset on: a server that cannot begin there sends all again. */
async function* from({ body, start }: FilePart, offset: number): AsyncGenerator<Uint8Array> {
  let left = offset - start;
  for await (const chunk of body) {
    if (left < chunk.length) yield left === 0 ? chunk : chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}
