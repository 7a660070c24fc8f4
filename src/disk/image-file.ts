import { open } from 'node:fs/promises';
import type { ImageSink } from './formats/format.ts';
import { fileSink, type WrittenFile } from './image-file/file-sink.ts';
import type { ImageThreads } from './image-threads.ts';

export type { WrittenFile } from './image-file/file-sink.ts';

interface ImageFileOptions {
  threads: ImageThreads;
  signal: AbortSignal;
}

/**
 * Writes an image file and hashes it in the same pass. What was written up to an error is left to the caller, who knows the
 * file by a temporary name.
 * @param path does not exist yet
 * @param produce gives the image's bytes to the sink
 * @throws what `produce` throws; the system's error, such as `ENOSPC`; the signal's reason
 */
export async function writeImageFile(
  path: string,
  { threads, signal }: ImageFileOptions,
  produce: (sink: ImageSink) => Promise<void>,
): Promise<WrittenFile> {
  const file = await open(path, 'wx+', 0o644);
  try {
    using sink = fileSink(file, threads, signal);
    await produce(sink);
    return await sink.finish();
  } finally {
    await file.close();
  }
}
