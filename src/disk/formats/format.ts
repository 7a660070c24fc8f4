import type { DiskSource } from '../source.ts';

/** Where the bytes of an image go, from its first to its last. */
export interface ImageSink {
  append(bytes: Uint8Array): Promise<void>;
  /** Many zeros: a hole, where the file is not compressed. */
  appendZeros(count: number): Promise<void>;
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
  signal: AbortSignal;
}

/** A disk image format. Each file beside this one exports one, and `formats.ts` lists them; platforms name theirs. */
export interface DiskFormat {
  readonly name: string;
  /** The file name's ending, without the dot. */
  readonly extension: string;
  /** Writes an image of a raw disk. The same disk and identity give the same bytes. */
  write(request: FormatRequest, sink: ImageSink): Promise<void>;
}
