import { type FileHandle, open } from 'node:fs/promises';
import { CosaError } from '../../lib/errors.ts';
import type { CompressedPart, PartCompression } from '../decompress-parts.ts';

/** A package file: an ar archive with the control files and the files of the package. */
export interface PackageArchive {
  control: CompressedPart;
  data: CompressedPart;
  /**
   * Seconds since the epoch. Package builders set the first header's date to the newest changelog entry
   * (SOURCE_DATE_EPOCH), so that no changelog needs to be read, and it is there without documentation too.
   */
  changed: number;
}

const magic = '!<arch>\n';
/** Of the header that stands before each member. */
export const memberHeaderBytes = 60;
/** debian-binary, control and data; between them others may stand whose names begin with `_`. */
const mostMembers = 32;

/** Old archives know more ways, of which dpkg alone takes care. */
const compressions: Readonly<Record<string, PartCompression>> = {
  '': 'none',
  '.gz': 'gzip',
  '.xz': 'xz',
  '.zst': 'zstd',
};

/**
 * Finds the parts of a package file; reads nothing of what is in them.
 * @throws CosaError `PACKAGE_INVALID`
 * @see https://manpages.debian.org/deb.5
 */
export async function openPackageArchive(file: string): Promise<PackageArchive> {
  await using handle = await open(file);
  const { size: fileSize } = await handle.stat();
  if ((await readText(handle, 0, magic.length)) !== magic)
    throw invalidPackage(file, 'it does not begin as an ar archive');
  const parts = new Map<string, CompressedPart>();
  let changed = 0;
  let offset = magic.length;
  for (let count = 0; count < mostMembers && offset < fileSize && parts.size < 2; count++) {
    const header = await readText(handle, offset, memberHeaderBytes);
    const size = /^\d{1,10} *$/.test(header.slice(48, 58)) ? Number(header.slice(48, 58)) : Number.NaN;
    const begin = offset + memberHeaderBytes;
    if (header.slice(58) !== '`\n' || !(begin + size <= fileSize)) {
      throw invalidPackage(file, `no member begins at offset ${offset}`);
    }
    const [, name = '', ending = ''] = /^((?:control|data)\.tar)(\.\w+)?\/? *$/.exec(header.slice(0, 16)) ?? [];
    if (count === 0) changed = dateOf(header);
    if (name !== '' && size === 0) throw invalidPackage(file, `its ${name} is empty`);
    if (name !== '') parts.set(name, { file, compression: compressions[ending] ?? 'other', offset: begin, size });
    offset = begin + size + (size % 2);
  }
  const control = parts.get('control.tar');
  const data = parts.get('data.tar');
  if (control === undefined || data === undefined) {
    throw invalidPackage(file, `it has no ${control === undefined ? 'control.tar' : 'data.tar'}`);
  }
  return { control, data, changed };
}

/**
 * The header of a member that belongs to root and has no date.
 * @param size in bytes
 */
export function memberHeader(name: string, size: number): string {
  return `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(size).padEnd(10)}\`\n`;
}

function dateOf(header: string): number {
  const seconds = Number(header.slice(16, 28).trim());
  return Number.isSafeInteger(seconds) && seconds > 0 ? seconds : 0;
}

async function readText(handle: FileHandle, position: number, length: number): Promise<string> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
  return buffer.toString('latin1', 0, bytesRead);
}

/** The error for a file that is not what its name says. */
export function invalidPackage(file: string, reason: string, cause?: unknown): CosaError {
  return new CosaError('PACKAGE_INVALID', `${file} is not a Debian package: ${reason}`, { cause });
}
