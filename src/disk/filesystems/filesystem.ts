import type { Tool } from '../../exec/tools.ts';
import type { CosaError } from '../../lib/errors.ts';
import type { DiskOutput } from '../output.ts';
import type { SectorSize } from '../partitions/gpt.ts';
import type { DirectoryNode, StoredContent } from './tree.ts';

/** A filesystem that is to be made. */
export interface FilesystemRequest {
  /** Its place: position 0 is the first byte of the filesystem. */
  output: DiskOutput;
  label: string;
  uuid: string;
  /** Seconds since the epoch, for every time but the tree's own `mtime`s. */
  timestamp: number;
  sectorSize: SectorSize;
  /** Sectors before the filesystem on its disk: FAT stores them. */
  hiddenSectors: number;
  /** `rootfs-args` of image.json, or nothing; may be hostile. */
  options: string;
  /** Says in errors where the options come from: `image.json: "rootfs-args"`. */
  optionsKey: string;
  /** A directory of ours for temporary files, for filesystems that a program of the host makes. */
  scratch: string;
  signal: AbortSignal;
}

/** What there is to know of this host about a filesystem that its programs make. */
export interface HostDependence {
  /** Why this host cannot make it: what {@link Filesystem.begin} would throw; undefined if it can. */
  obstacle(): Promise<CosaError | undefined>;
  /** What decides the bytes beside the request: the programs with their versions, such as `mkfs.xfs 6.17.0`. */
  versions(): Promise<readonly string[]>;
}

/** A kind of filesystem. Each file beside this one exports one, and `filesystems.ts` lists them. */
export interface Filesystem {
  readonly name: string;
  /** Programs that the host must have; none where the bytes are ours. */
  readonly tools: readonly Tool[];
  /** A directory that is made in the root if the tree has none of its name. */
  readonly ownDirectory?: string;
  /** Undefined where the bytes are ours, which every host can write. */
  readonly host?: HostDependence;
  /**
   * Begins a filesystem.
   * @throws CosaError `FILESYSTEM_OPTION` (exit 2); `TOOL_MISSING`, `FILESYSTEM_UNSUPPORTED` (exit 3) if this host cannot make it
   */
  begin(request: FilesystemRequest): Promise<FilesystemWriter>;
}

/**
 * A filesystem that is being made: contents first, in the order that decides where they lie, and then all the rest. The
 * same contents in the same order and the same tree give the same bytes.
 */
export interface FilesystemWriter extends AsyncDisposable {
  /**
   * Begins to store content. Several can be under way side by side; one after the other lie better.
   * @param size bytes that will come
   * @param isDense true if room is taken for every block, and not only for those that hold something else than zeros
   */
  create(size: number, isDense?: boolean): ContentWriter;
  /** Takes the room that `create(size, true)` would take, for content that lies there already: of a disk that this one is laid over. */
  reserve(size: number): StoredContent;
  /**
   * Writes everything but the contents.
   * @param size bytes of the filesystem, a multiple of 1 MiB; undefined for the least that holds the tree and leaves it
   *   some room
   * @returns bytes of the filesystem
   * @throws CosaError `FILESYSTEM_FULL` with the bytes that are needed
   */
  finish(root: DirectoryNode, size?: number): Promise<number>;
  /**
   * Where a content lies, once the filesystem is finished: stretches of it in their order, the whole content but for its
   * holes. Bytes from the filesystem's beginning. Undefined where only the program that made the filesystem knows.
   */
  placeOf(content: StoredContent): readonly PlacedStretch[] | undefined;
}

/** A stretch of a content that lies somewhere. */
export interface PlacedStretch {
  /** Bytes from where it begins in the content. */
  from: number;
  offset: number;
  length: number;
}

/** Takes one content. */
export interface ContentWriter {
  write(chunk: Uint8Array): void;
  /** @throws RangeError if other than `size` bytes came: a caller's mistake */
  close(): StoredContent;
}
