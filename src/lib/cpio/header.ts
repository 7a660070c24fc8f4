/**
 * What a cpio header says of a member in the format newc, which initramfs archives have: names and numbers as they stand
 * in the stream. https://docs.kernel.org/driver-api/early-userspace/buffer-format.html
 */
export interface CpioHeader {
  /** The name as written; a writer gives relative ones without `./`, a reader finds what is there. */
  path: string;
  /** Type and permissions, as `st_mode` has them. */
  mode: number;
  uid: number;
  gid: number;
  /** Names of this content; members of one number of a device and an inode share it when there are more than one. */
  links: number;
  /** Seconds since the epoch. */
  mtime: number;
  /** Bytes of content: of a symbolic link, its target. */
  size: number;
}

/** Length of a header: the magic, and thirteen numbers of eight hexadecimal digits. */
export const headerSize = 110;

/** The kernel's PATH_MAX: a longer name, counted with the zero behind it, is no member to it. */
export const maximumName = 4096;

/** The name of the member that ends an archive. */
export const trailerName = 'TRAILER!!!';

/** Type bits of {@link CpioHeader.mode}. */
export const fileType = {
  mask: 0o170000,
  characterDevice: 0o020000,
  directory: 0o040000,
  regular: 0o100000,
  link: 0o120000,
} as const;

/** Headers with their names, and contents, each begin at a multiple of four bytes. */
export function alignment(size: number): number {
  return (4 - (size % 4)) % 4;
}
