import { CosaError } from '../errors.ts';
import { alignment, fileType, headerSize, maximumName, trailerName } from './header.ts';

/** A member to write. It belongs to root, and was changed at the epoch: an archive is its content, and nothing of its builder. */
export interface CpioMember {
  /** Relative, without `./` or a slash at its end. */
  path: string;
  type: 'file' | 'directory';
  /** Permission bits (07777). */
  permissions: number;
  /** Bytes of content that follow; 0 of a directory. */
  size: number;
}

/** A device that programs read as a stream. https://docs.kernel.org/admin-guide/devices.html */
export interface CpioDevice {
  /** Relative, without `./`. */
  path: string;
  /** Permission bits (07777). */
  permissions: number;
  major: number;
  minor: number;
}

const zeros = Buffer.alloc(4);

/**
 * Everything that stands before a member's content: header and name, padded. The caller writes exactly `size` bytes
 * behind it, then {@link cpioPadding}. The archive must begin at a multiple of four bytes, in whatever it is put into.
 * @throws CosaError `CPIO_MEMBER` (exit 1) for a name that no kernel unpacks, or content of 4 GiB and more
 */
export function encodeCpioMember({ path, type, permissions, size }: CpioMember): Buffer {
  const name = nameOf(path);
  if (size > 0xffffffff) {
    throw new CosaError('CPIO_MEMBER', `cpio: "${path}" has ${size} bytes; a member is smaller than 4 GiB`);
  }
  return encodeHeader(name, (type === 'directory' ? fileType.directory : fileType.regular) | permissions, size);
}

/**
 * A device, which has no content.
 * @throws CosaError `CPIO_MEMBER` (exit 1) for a name that no kernel unpacks
 */
export function encodeCpioDevice({ path, permissions, major, minor }: CpioDevice): Buffer {
  return encodeHeader(nameOf(path), fileType.characterDevice | permissions, 0, { major, minor });
}

function nameOf(path: string): Buffer {
  const name = Buffer.from(path);
  if (name.length === 0 || name.length >= maximumName || name.includes(0) || path === trailerName) {
    throw new CosaError('CPIO_MEMBER', `cpio: ${JSON.stringify(shortened(path))} cannot be the name of a member`);
  }
  return name;
}

function shortened(path: string): string {
  return path.length > 60 ? `${path.slice(0, 60)}…` : path;
}

/** The zeros behind content of this size. */
export function cpioPadding(size: number): Buffer {
  return zeros.subarray(0, alignment(size));
}

/** What ends an archive. */
export const endOfCpio: Buffer = encodeHeader(Buffer.from(trailerName), 0, 0);

function encodeHeader(name: Buffer, mode: number, size: number, device = { major: 0, minor: 0 }): Buffer {
  // No member has two names here, so that the numbers of inodes and devices tell nothing; the last is a checksum's place.
  const numbers = [0, mode, 0, 0, 1, 0, size, 0, 0, device.major, device.minor, name.length + 1, 0];
  const text = `070701${numbers.map((number) => number.toString(16).toUpperCase().padStart(8, '0')).join('')}`;
  const length = headerSize + name.length + 1;
  const header = Buffer.alloc(length + alignment(length));
  header.write(text, 'latin1');
  name.copy(header, headerSize);
  return header;
}

/** A file for {@link encodeCpio}. */
export interface CpioFile {
  path: string;
  /** Permission bits (07777). */
  permissions: number;
  content: Uint8Array;
}

/**
 * A whole archive of small files, with a directory (0755) before the first file in it, for the kernel makes none by itself.
 * @throws CosaError `CPIO_MEMBER` (exit 1)
 */
export function encodeCpio(files: readonly CpioFile[]): Buffer {
  const parts: Buffer[] = [];
  const made = new Set<string>();
  for (const { path, permissions, content } of files) {
    for (const directory of parents(path)) {
      if (made.has(directory)) continue;
      made.add(directory);
      parts.push(encodeCpioMember({ path: directory, type: 'directory', permissions: 0o755, size: 0 }));
    }
    parts.push(encodeCpioMember({ path, type: 'file', permissions, size: content.length }));
    parts.push(Buffer.from(content), cpioPadding(content.length));
  }
  return Buffer.concat([...parts, endOfCpio]);
}

/** `a` and `a/b` of `a/b/c`. */
function parents(path: string): string[] {
  const names = path.split('/').slice(0, -1);
  return names.map((_name, index) => names.slice(0, index + 1).join('/'));
}
