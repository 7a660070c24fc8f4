import type { OptionsText } from '../../filesystems/options.ts';
import type { ImageSink } from '../../formats/format.ts';
import type { ImageThreads } from '../../image-threads.ts';
import type { DiskSource } from '../../source.ts';

/** What a file of a live filesystem holds, as a disk is read; its size is any. */
export type FileContent = DiskSource;

/** A file of a live filesystem. It is root's, and everybody may read it. */
export interface LiveFile {
  /** Relative to the root, such as `install/512/layout`. The directories in it are made. */
  path: string;
  content: FileContent;
}

/** A filesystem that is to be written, with image.json's `live-rootfs-fsoptions`, which may be hostile. */
export interface LiveFilesystemRequest extends OptionsText {
  /** A few, each of any size: contents are stored in this order. No path is there twice. */
  files: readonly LiveFile[];
  /** Seconds since the epoch, for every time. */
  timestamp: number;
  threads: ImageThreads;
  signal: AbortSignal;
}

/**
 * A compressed filesystem to read from, which live media have their root in. The bytes are ours: the same request gives
 * the same ones on every host, with any number of threads.
 */
export interface LiveFilesystem {
  readonly name: 'squashfs' | 'erofs';
  /** The name that live systems know it by. */
  readonly fileName: 'root.squashfs' | 'root.erofs';
  /** Options that make it the smallest, for whom it is too large with others. */
  readonly smallestOptions: string;
  /**
   * What the bytes depend on besides contents and time; it goes into a cache's keys.
   * @throws CosaError `FILESYSTEM_OPTION` (exit 2)
   */
  parameters(options: OptionsText): string;
  /**
   * Writes a filesystem. Each content is read once, in turn, and not where its extents leave holes.
   * @param sink must have `reserve`: what stands first is known last. It is not finished
   * @returns bytes of the filesystem, a multiple of 4096
   * @throws CosaError `FILESYSTEM_OPTION` (exit 2), `FILESYSTEM_TOO_LARGE` (exit 2); what contents, threads and the sink throw;
   *   the signal's reason
   */
  write(request: LiveFilesystemRequest, sink: ImageSink): Promise<number>;
}

/** A small file's content. */
export function bytesContent(bytes: Uint8Array): FileContent {
  return {
    size: bytes.length,
    extents: bytes.length === 0 ? [] : [{ offset: 0, length: bytes.length }],
    async read(position, buffer) {
      buffer.set(bytes.subarray(position, position + buffer.length));
    },
  };
}
