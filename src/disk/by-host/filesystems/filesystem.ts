import type { Reporter } from '../../../progress/reporter.ts';

/** Where the options come from, in errors. */
export const optionsKey = 'image.json: "rootfs-args"';

/** A filesystem to be written into a stretch of a disk. */
export interface FilesystemRequest {
  /** The file that holds the disk; the stretch reads as zeros. */
  disk: string;
  /** Where the filesystem begins, in bytes. */
  offset: number;
  /** Bytes: exactly those of the partition. */
  size: number;
  /** The directory whose content becomes the filesystem's. */
  source: string;
  /** A directory for temporary files. */
  scratch: string;
  label: string;
  uuid: string;
  /** Seconds since the epoch, for everything that carries a time. */
  timestamp: number;
  /** Options for the program that makes the filesystem, as image.json gives them; may be hostile. */
  options: string;
  /** A directory, as a path in the filesystem, that gets the immutable flag where the filesystem has one. */
  immutable?: string;
}

/** A kind of filesystem. Each file beside this one exports one, and `index.ts` lists them. */
export interface Filesystem {
  readonly name: string;
  /**
   * Writes the filesystem with everything that the source holds: owners, modes, hard links and extended
   * attributes. The same source content gives the same bytes, as far as the program that makes it lets us.
   * @throws CosaError `FILESYSTEM_FULL` if it does not fit, `FILESYSTEM_OPTION` (exit 2) for an option that
   *   is not permitted, `TOOL_MISSING`
   */
  write(request: FilesystemRequest, reporter: Reporter): Promise<void>;
}
