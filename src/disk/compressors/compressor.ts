import type { Tool } from '../../exec/tools.ts';
import type { ImageSink } from '../formats/format.ts';
import type { HashStream } from '../image-threads/hash-stream.ts';
import type { ImageThreads } from '../image-threads.ts';

export interface CompressionRequest {
  threads: ImageThreads;
  signal: AbortSignal;
  /** Hashes what is compressed, in the same pass; stays the caller's. */
  hash?: HashStream;
}

/** A sink whose end is wanted, before that of the one behind it. Disposing of it unended ends what runs for it. */
export interface CompressingSink extends ImageSink, Disposable {
  /** Settles when all is passed on. @returns bytes that were compressed @throws as `ImageSink` */
  end(): Promise<number>;
}

/** A way to compress image files. The same input gives the same bytes, on any number of processors. */
export interface Compressor {
  readonly name: 'gzip' | 'zstd' | 'xz';
  /** What is added to the file name, without the dot. */
  readonly extension: string;
  /**
   * What the bytes depend on besides the input; it goes into a cache's keys.
   * @throws CosaError `TOOL_MISSING` (exit 3)
   */
  parameters(): Promise<string>;
  /** Programs of the host that decide about bytes. */
  readonly tools: readonly Tool[];
  /**
   * Compresses what the sink gets.
   * @param output gets the compressed bytes; is not finished. Nothing else is given to it until the sink has ended
   */
  open(output: ImageSink, request: CompressionRequest): CompressingSink;
}

/** `reserve` of what is compressed. */
export async function refuseReserve(): Promise<never> {
  throw new Error('what is compressed cannot be written later');
}
