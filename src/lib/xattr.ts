/** An extended attribute: raw bytes, for capabilities are binary. */
export interface Xattr {
  /** Name without its terminating zero: `security.capability`. */
  name: string;
  value: Uint8Array;
}
