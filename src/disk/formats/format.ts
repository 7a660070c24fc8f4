import type { ImageThreads } from '../image-threads.ts';
import type { DiskSource } from '../source.ts';

/**
 * Where the bytes of an image go, from its first to its last. One call at a time. All throw the system's error of this or
 * an earlier call, and the signal's reason once it is aborted.
 */
export interface ImageSink {
  /** The bytes are the caller's again when the call has returned its promise's value. */
  append(bytes: Uint8Array): Promise<void>;
  /** Many zeros: a hole, where the file is not compressed. */
  appendZeros(count: number): Promise<void>;
  /** A stretch of a disk, which lies within it. */
  appendDisk(disk: DiskSource, position: number, length: number): Promise<void>;
  /**
   * Leaves room for bytes that are known later. Not where a compressor is laid around the format: see `isCompressed`.
   * @returns writes as many, once, before the image is finished
   */
  reserve(size: number): Promise<(bytes: Uint8Array) => Promise<void>>;
}

/** What tells an image from others, so that identifiers within it derive from what it holds. */
export interface ImageIdentity {
  /** The same for the same container, platform and purpose. */
  uuid(purpose: string): string;
  /** The image's file name without what a compressor adds. */
  fileName: string;
}

export interface FormatRequest {
  disk: DiskSource;
  identity: ImageIdentity;
  threads: ImageThreads;
  signal: AbortSignal;
}

/**
 * How a raw disk becomes an image file: a disk image format, or a bundle that has one within it. A format has no options;
 * what has some is made by a function that takes them.
 */
export interface DiskFormat {
  readonly name: string;
  /** The file name's ending, without the dot. */
  readonly extension: string;
  /** True if it compresses: then no compressor is laid around it. */
  readonly isCompressed: boolean;
  /** What the bytes depend on besides the request: compressors and their parameters. It goes into a cache's keys. */
  readonly parameters: string;
  /**
   * Writes an image of a raw disk. The same disk and identity give the same bytes. What the disk's extents do not touch is
   * not read; it reads by units of 64 KiB.
   */
  write(request: FormatRequest, sink: ImageSink): Promise<void>;
}
