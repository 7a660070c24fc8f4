/** Where artifacts are before they are finished. */
export interface TemporaryDirectories {
  /**
   * Sees to it that there can be some. Asked for before minutes of work: whatever is wrong with the place shows now.
   * @throws CosaError `DIRECTORY_UNUSABLE` (exit 2), system errors
   */
  check(): Promise<void>;
  /**
   * Makes a new directory on the images' file system, which somebody removes once all is done.
   * @param name no other has it
   */
  make(name: string): Promise<string>;
}
