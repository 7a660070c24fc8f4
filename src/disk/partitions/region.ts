/** A stretch of a disk. */
export interface Region {
  /** Bytes from the beginning of the disk. */
  offset: number;
  /** Bytes. */
  size: number;
  firstSector: number;
}

/** Bytes. */
export const mebibyte = 1024 * 1024;
