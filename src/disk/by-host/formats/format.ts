/** A disk image format. Each file beside this one exports one; platforms name theirs. */
export interface DiskFormat {
  readonly name: string;
  /** The file name's ending, without the dot. */
  readonly extension: string;
  /**
   * Makes an image of a raw disk. The same disk gives the same bytes.
   * @param disk the raw, sparse disk: may be moved away, for nobody else needs it
   * @param image the file to write; does not exist yet, and lies on the same filesystem as `disk`
   */
  write(disk: string, image: string, signal: AbortSignal): Promise<void>;
}
