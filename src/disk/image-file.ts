import { open } from 'node:fs/promises';
import type { Compressor } from './compressors/compressor.ts';
import type { ImageSink } from './formats/format.ts';
import { type BytesObserver, fileSink, type WrittenFile } from './image-file/file-sink.ts';
import type { ImageThreads } from './image-threads.ts';

export type { WrittenFile } from './image-file/file-sink.ts';

export interface WrittenImage extends WrittenFile {
  /** What it decompresses to, if a compressor was laid around it. */
  uncompressed?: WrittenFile;
}

interface ImageFileOptions {
  threads: ImageThreads;
  signal: AbortSignal;
  /** Not for a format that is compressed inside. */
  compressor?: Compressor;
  /** Gets the file's bytes, too, in their order. */
  observer?: BytesObserver;
}

/**
 * Writes an image file, and hashes it and what it decompresses to in the same pass. What was written up to an error is left
 * to the caller, who knows the file by a temporary name.
 * @param path does not exist yet
 * @param produce gives the image's bytes to the sink
 * @throws what `produce` throws; the system's error, such as `ENOSPC`; the signal's reason; CosaError `TOOL_MISSING` (exit 3),
 *   `TOOL_FAILED`, `THREAD_FAILED`
 */
export async function writeImageFile(
  path: string,
  { threads, signal, compressor, observer }: ImageFileOptions,
  produce: (sink: ImageSink) => Promise<void>,
): Promise<WrittenImage> {
  const file = await open(path, 'wx+', 0o644);
  try {
    using output = fileSink(file, threads, signal, observer);
    if (compressor === undefined) {
      await produce(output);
      return await output.finish();
    }
    using hash = threads.hash();
    using sink = compressor.open(output, { threads, signal, hash });
    await produce(sink);
    const size = await sink.end();
    return { ...(await output.finish()), uncompressed: { size, sha256: await hash.end() } };
  } finally {
    await file.close();
  }
}
