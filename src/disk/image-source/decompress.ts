import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { start } from '../../exec/run.ts';
import { tools } from '../../exec/tools.ts';
import { decompressZstd } from '../../lib/compress/decompress-zstd.ts';
import { verificationError } from '../../lib/errors.ts';
import type { Compressor } from '../compressors/compressor.ts';
import { gzip } from '../compressors/gzip.ts';
import { xz } from '../compressors/xz.ts';
import { zstd } from '../compressors/zstd.ts';
import type { Extent } from '../extents.ts';
import { isZero, unitBytes } from '../formats/data-extents.ts';

/** Bounds on what a file of unknown origin may become: a few bytes can become any number. */
export interface ExpansionLimits {
  /** Bytes of what it decompresses to, zeros included; no disk is larger than 4 TiB. */
  size: number;
  /** Bytes of it that take room on the disk: units that hold something else than zeros. */
  data: number;
}

const largestDisk = 2 ** 42;
/** What a disk's files and structures are compressed to at best, with much of it in units that are nearly empty. */
const highestRatio = 200;
const anyData = 1 << 30;

/**
 * What a compressed disk image may expand to.
 * @param compressed its bytes
 * @param recorded bytes of what was compressed, where a record of this very file says it
 */
export function expansionLimits(compressed: number, recorded: number | undefined): ExpansionLimits {
  return { size: Math.min(recorded ?? largestDisk, largestDisk), data: anyData + highestRatio * compressed };
}

const chunkBytes = 1 << 20;

/** Compressors by what their files begin with. */
const magics: readonly (readonly [magic: string, compressor: Compressor])[] = [
  ['1f8b', gzip],
  ['fd377a585a00', xz],
  ['28b52ffd', zstd],
];

/** The compressor that a file was made with, by its first bytes; `undefined` if it is not compressed. */
export function compressorOf(head: Buffer): Compressor | undefined {
  return magics.find(([magic]) => head.toString('hex').startsWith(magic))?.[1];
}

/**
 * Decompresses an image file into a sparse one.
 * @param target does not exist yet
 * @param each is given all bytes in their order, in pieces that are its own until it returns
 * @returns the stretches of it that hold something else than zeros, and its size
 * @throws CosaError `DISK_INVALID`, `CONTENT_TOO_LARGE`, `ZSTD_INVALID` (exit 4), `TOOL_MISSING` (exit 3), `TOOL_FAILED`; the
 *   signal's reason
 */
export async function decompressFile(
  path: string,
  target: string,
  compressor: Compressor,
  limits: ExpansionLimits,
  signal: AbortSignal,
  each: (piece: Buffer) => void = () => undefined,
): Promise<{ size: number; extents: Extent[] }> {
  await using file = await open(target, 'wx', 0o600);
  const extents: Extent[] = [];
  let size = 0;
  let data = 0;
  for await (const chunk of inPieces(decompressed(path, compressor, signal))) {
    signal.throwIfAborted();
    if (size + chunk.length > limits.size) throw tooLarge(path, `${limits.size} bytes`);
    each(chunk);
    for (let at = 0; at < chunk.length; at += unitBytes) {
      const unit = chunk.subarray(at, at + unitBytes);
      if (isZero(unit)) continue;
      data += unit.length;
      if (data > limits.data) throw tooLarge(path, `${limits.data} bytes that are not zeros`);
      await file.write(unit, 0, unit.length, size + at);
      const last = extents.at(-1);
      if (last !== undefined && last.offset + last.length === size + at) last.length += unit.length;
      else extents.push({ offset: size + at, length: unit.length });
    }
    size += chunk.length;
  }
  await file.truncate(size);
  return { size, extents };
}

/** The stream in pieces of one length, but for the last. */
async function* inPieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const piece = Buffer.alloc(chunkBytes);
  let length = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + chunkBytes - length);
      piece.set(part, length);
      length += part.length;
      at += part.length;
      if (length < chunkBytes) continue;
      yield piece;
      length = 0;
    }
  }
  if (length > 0) yield piece.subarray(0, length);
}

async function* decompressed(path: string, { name }: Compressor, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const compressed = createReadStream(path, { highWaterMark: 1 << 18 });
  if (name === 'zstd') {
    yield* decompressZstd(compressed as AsyncIterable<Buffer>);
    return;
  }
  if (name === 'gzip') {
    const unzip = createGunzip({ chunkSize: 1 << 18 });
    const feeding = pipeline(compressed, unzip);
    feeding.catch(() => undefined);
    try {
      yield* unzip as AsyncIterable<Buffer>;
      await feeding;
    } catch (cause) {
      throw damaged(path, (cause as Error).message, cause);
    }
    return;
  }
  const program = await start(tools.xz, ['--decompress', '--stdout', '--threads=2', '--memlimit-decompress=256MiB'], {
    signal,
  });
  const feeding = pipeline(compressed, program.stdin);
  // A pipe breaks because the program has ended, and its own failure says more.
  feeding.catch(() => undefined);
  yield* program.stdout as AsyncIterable<Buffer>;
  await program.done;
}

function tooLarge(path: string, limit: string) {
  return verificationError('CONTENT_TOO_LARGE', `${path} expands to more than ${limit}`, {
    hint: 'no disk with files is compressed so well: do not trust it; if it is yours, decompress it and customize that',
  });
}

function damaged(path: string, reason: string, cause?: unknown) {
  return verificationError('DISK_INVALID', `${path} cannot be decompressed: ${reason}`, {
    hint: 'it is damaged: get it again',
    ...(cause === undefined ? {} : { cause }),
  });
}
