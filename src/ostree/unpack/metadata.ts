import { CosaError, verificationError } from '../../lib/errors.ts';
import type { Xattr } from '../../lib/xattr.ts';
import { decodeVariant, string, type VariantType } from '../gvariant.ts';
import { commitType, dirmetaType, dirtreeType, fileTypeBits, xattrsType } from '../objects.ts';

/** Most bytes of a metadata object, as in ostree. */
export const maximumMetadataBytes = 10 * 1024 * 1024;
/** Most bytes of a file's serialized xattrs. */
export const maximumXattrsBytes = 1024 * 1024;

/** NAME_MAX of every filesystem. */
export const maximumNameBytes = 255;

/** Names that xattrs may have. */
export const xattrName = /^[a-z]+\.[\x21-\x7e]+$/;

export interface ParsedCommit {
  /** Seconds since the epoch. */
  timestamp: number;
  subject: string;
  /** The value of `version` in its metadata, if that is a string. */
  version: string | undefined;
  /** Checksum of the root's dirtree. */
  rootTree: string;
  /** Checksum of the root's dirmeta. */
  rootMeta: string;
}

export interface ParsedDirmeta {
  uid: number;
  gid: number;
  /** Permission bits. */
  mode: number;
  xattrs: readonly Xattr[];
}

export interface ParsedDirtree {
  /** Name and content checksum, in ostree's order. */
  files: readonly { name: string; checksum: string }[];
  /** Name and checksums, in ostree's order. */
  directories: readonly { name: string; tree: string; meta: string }[];
}

/**
 * Parses a commit object.
 * @param what names the object in errors
 * @throws CosaError `OBJECT_INVALID` (exit 4)
 */
export function parseCommit(bytes: Buffer, what: string): ParsedCommit {
  const [metadata, , , subject, , timestamp, tree, meta] = decode(commitType, bytes, what);
  const version = metadata.find(([key, { signature }]) => key === 'version' && signature === string.signature)?.[1];
  if (timestamp > BigInt(Number.MAX_SAFE_INTEGER)) throw invalid(what, 'has an impossible timestamp');
  return {
    timestamp: Number(timestamp),
    subject,
    version: version === undefined ? undefined : decode(string, version.bytes, what),
    rootTree: checksumOf(tree, what),
    rootMeta: checksumOf(meta, what),
  };
}

/**
 * Parses a dirtree object.
 * @throws CosaError `OBJECT_INVALID` (exit 4), also for names that no directory can hold
 */
export function parseDirtree(bytes: Buffer, what: string): ParsedDirtree {
  const [files, directories] = decode(dirtreeType, bytes, what);
  const names = new Set<string>();
  for (const [name] of [...files, ...directories]) {
    if (Buffer.byteLength(name) > maximumNameBytes) {
      throw invalid(what, `has a file name of more than ${maximumNameBytes} bytes`);
    }
    if (name === '' || name === '.' || name === '..' || name.includes('/')) {
      throw invalid(what, `has the impossible file name ${JSON.stringify(name)}`);
    }
    if (names.has(name)) throw invalid(what, `has two entries named ${JSON.stringify(name)}`);
    names.add(name);
  }
  return {
    files: files.map(([name, checksum]) => ({ name, checksum: checksumOf(checksum, what) })),
    directories: directories.map(([name, tree, meta]) => ({
      name,
      tree: checksumOf(tree, what),
      meta: checksumOf(meta, what),
    })),
  };
}

/**
 * Parses a dirmeta object: a directory's owner, permission bits and xattrs.
 * @throws CosaError `OBJECT_INVALID` (exit 4)
 */
export function parseDirmeta(bytes: Buffer, what: string): ParsedDirmeta {
  const [uid, gid, mode, xattrs] = decode(dirmetaType, bytes, what);
  // The type bits, without the twelve permission bits.
  if ((mode & ~0o7777) !== fileTypeBits.directory) throw invalid(what, 'does not describe a directory');
  return { uid, gid, mode: mode & 0o7777, xattrs: namedXattrs(xattrs, what) };
}

/**
 * Parses a file's serialized xattrs. They must be sorted: in another order they would be another checksum.
 * @throws CosaError `OBJECT_INVALID` (exit 4)
 */
export function parseXattrs(bytes: Buffer, what: string): Xattr[] {
  return bytes.length === 0 ? [] : namedXattrs(decode(xattrsType, bytes, what), what);
}

function namedXattrs(xattrs: readonly (readonly [Uint8Array, Uint8Array])[], what: string): Xattr[] {
  let previous = '';
  return xattrs.map(([nameBytes, value]) => {
    const name = Buffer.from(nameBytes).toString('latin1');
    if (!name.endsWith('\0') || !xattrName.test(name.slice(0, -1)) || name <= previous) {
      throw invalid(what, 'has an invalid xattr name');
    }
    previous = name;
    return { name: name.slice(0, -1), value: Buffer.from(value) };
  });
}

function checksumOf(bytes: Uint8Array, what: string): string {
  if (bytes.length !== 32) throw invalid(what, 'has a checksum that is not of 32 bytes');
  return Buffer.from(bytes).toString('hex');
}

function decode<T>(type: VariantType<T>, bytes: Buffer, what: string): T {
  try {
    return decodeVariant(type, bytes);
  } catch (error) {
    if (!(error instanceof CosaError)) throw error;
    throw invalid(what, `cannot be read: ${error.message}`);
  }
}

function invalid(what: string, problem: string) {
  return verificationError('OBJECT_INVALID', `${what} ${problem}`, {
    hint: 'the image is damaged or was not written by an ostree tool',
  });
}
