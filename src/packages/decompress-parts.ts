import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type RunningProgram, start } from '../exec/run.ts';
import { tools } from '../exec/tools.ts';
import { type ByteSource, byteSource } from '../lib/byte-source.ts';
import { decompressZstd } from '../lib/compress/decompress-zstd.ts';
import { CosaError, isSystemError } from '../lib/errors.ts';
import { uncompressedXzSize } from './xz-size.ts';

/** How a part of a package file is compressed; `other` is what nothing here knows. */
export type PartCompression = 'none' | 'gzip' | 'xz' | 'zstd' | 'other';

/** A stream in a package file. */
export interface CompressedPart {
  file: string;
  compression: PartCompression;
  /** Where it begins in the file, and how many bytes it has there. */
  offset: number;
  size: number;
}

/** What dpkg-deb makes needs a quarter of it; other archives might ask for 4 GiB. */
const mostMemory = 1 << 28;

/**
 * Decompresses parts of package files, one after the other. All that xz has compressed goes through one program: a
 * system has hundreds of packages, most of them small, and to start a program for each takes longer than its work.
 * @param work gets each part's index and bytes, in order; what it does not read is passed over
 * @throws CosaError `PACKAGE_INVALID`, `TOOL_MISSING`, `TOOL_FAILED`, what `work` throws; the signal's reason
 */
export async function decompressParts(
  parts: readonly CompressedPart[],
  work: (index: number, bytes: AsyncIterable<Buffer>) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const inXz = parts.filter(({ compression }) => compression === 'xz');
  if (inXz.length === 0) {
    for (const [index, part] of parts.entries()) await work(index, stoppable(uncompressed(part), signal));
    return;
  }
  const sizes = new Map<CompressedPart, number>();
  for (const part of inXz) sizes.set(part, await xzSize(part));
  const program = await start(
    tools.xz,
    ['--decompress', '--stdout', '--threads=1', `--memlimit-decompress=${mostMemory}`],
    signal === undefined ? {} : { signal },
  );
  const feeding = pipeline(async function* () {
    for (const part of inXz) yield* compressed(part);
  }, program.stdin);
  feeding.catch(() => undefined);
  const source = byteSource(program.stdout as AsyncIterable<Buffer>);
  try {
    for (const [index, part] of parts.entries()) {
      const size = sizes.get(part);
      if (size === undefined) {
        await work(index, stoppable(uncompressed(part), signal));
        continue;
      }
      const end = source.offset + size;
      await work(index, until(source, end, program));
      for await (const _ of until(source, end, program));
    }
    // What nobody reads would keep xz from its end.
    if ((await source.takeSome(1)).length > 0) {
      throw damaged(inXz.at(-1)?.file ?? '', 'its xz data is longer than its index says');
    }
    await feeding;
    await program.done;
  } catch (error) {
    program.kill();
    signal?.throwIfAborted();
    // A pipe breaks because the program has ended, and its own failure says more.
    if (isSystemError(error, 'EPIPE') || isSystemError(error, 'ERR_STREAM_PREMATURE_CLOSE')) await program.done;
    throw error;
  } finally {
    program.stdout.destroy();
    await Promise.allSettled([source.close(), feeding, program.done]);
  }
}

async function* until(source: ByteSource, end: number, program: Pick<RunningProgram, 'done'>): AsyncGenerator<Buffer> {
  while (source.offset < end) {
    const chunk = await source.takeSome(end - source.offset);
    if (chunk.length === 0) {
      // The program's own failure says why there is no more.
      await program.done;
      return;
    }
    yield chunk;
  }
}

async function* stoppable(chunks: AsyncIterable<Buffer>, signal?: AbortSignal): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    yield chunk;
  }
}

async function xzSize({ file, offset, size }: CompressedPart): Promise<number> {
  await using handle = await open(file);
  const result = await uncompressedXzSize(handle, offset, size);
  if (result === undefined) throw damaged(file, 'no xz data');
  return result;
}

function compressed({ file, offset, size }: CompressedPart): AsyncIterable<Buffer> {
  return createReadStream(file, { start: offset, end: offset + size - 1, highWaterMark: 1 << 18 });
}

function uncompressed(part: CompressedPart): AsyncIterable<Buffer> {
  switch (part.compression) {
    case 'none':
      return compressed(part);
    case 'gzip':
      return gunzip(part);
    case 'zstd':
      return decompressZstd(compressed(part));
    default:
      throw new CosaError('PACKAGE_INVALID', `${part.file} is compressed in a way that is not known`);
  }
}

async function* gunzip(part: CompressedPart): AsyncGenerator<Buffer> {
  const unzip = createGunzip({ chunkSize: 1 << 18 });
  const feeding = pipeline(compressed(part), unzip);
  feeding.catch(() => undefined);
  try {
    for await (const chunk of unzip) yield chunk as Buffer;
    await feeding;
  } catch (cause) {
    throw damaged(part.file, (cause as Error).message, cause);
  } finally {
    unzip.destroy();
  }
}

function damaged(file: string, reason: string, cause?: unknown): CosaError {
  return new CosaError('PACKAGE_INVALID', `${file} is damaged: ${reason}`, { cause });
}
