import { createHash, type Hash } from 'node:crypto';
import { sha256Hex } from '../lib/digest.ts';
import { compareBytes } from '../lib/order.ts';
import { array, boolean, byteArray, string, tuple, uint32, uint64, variant, variantOf } from './gvariant.ts';
import type { CommitOptions, FileMetadata, MetadataObject, Xattr } from './types.ts';

// ostree's object formats: https://ostreedev.github.io/ostree/repo/#object-types-and-overview and ostree-core.h.

/** Type bits of st_mode. */
export const fileTypeBits = { file: 0o100000, symlink: 0o120000, directory: 0o040000 } as const;

export const xattrsType = array(tuple([byteArray, byteArray]));
export const dirmetaType = tuple([uint32, uint32, uint32, xattrsType]);
export const dirtreeType = tuple([array(tuple([string, byteArray])), array(tuple([string, byteArray, byteArray]))]);
export const commitType = tuple([
  array(tuple([string, variant], '{}')),
  byteArray,
  array(tuple([string, byteArray])),
  string,
  string,
  uint64,
  byteArray,
  byteArray,
]);
const contentHeaderType = tuple([uint32, uint32, uint32, uint32, string, xattrsType]);

/** `a(ayay)`: names with a terminating zero, values as they are, sorted by name as ostree sorts them. */
export function encodeXattrs(xattrs: readonly Xattr[]): Buffer {
  return xattrsType.encode(canonicalXattrs(xattrs));
}

/** A directory's owner, mode and xattrs as an object. */
export function dirmetaObject(metadata: FileMetadata): MetadataObject {
  const { uid, gid, mode } = metadata;
  return metadataObject('dirmeta', dirmetaType.encode([uid, gid, mode, canonicalXattrs(metadata.xattrs)]));
}

export interface DirtreeEntries {
  /** Name and hex checksum of each file and symbolic link, in any order. */
  files: readonly { name: string; checksum: string }[];
  /** Name and hex checksums of each directory, in any order. */
  directories: readonly { name: string; dirtree: string; dirmeta: string }[];
}

/** A directory's entries as an object. */
export function dirtreeObject({ files, directories }: DirtreeEntries): MetadataObject {
  const bytes = dirtreeType.encode([
    byName(files).map(({ name, checksum }) => [name, fromHex(checksum)]),
    byName(directories).map(({ name, dirtree, dirmeta }) => [name, fromHex(dirtree), fromHex(dirmeta)]),
  ]);
  return metadataObject('dirtree', bytes);
}

/**
 * A commit. The same tree and options give the same bytes that
 * `ostree commit --orphan --no-bindings` writes, with `--parent` if there is one.
 * @param root hex checksums of the root directory
 */
export function commitObject(root: { dirtree: string; dirmeta: string }, options: CommitOptions): MetadataObject {
  const metadata = Object.entries(options.metadata).map(([name, value]) => ({ name, value }));
  const bytes = commitType.encode([
    byName(metadata).map(({ name, value }) => [
      name,
      typeof value === 'boolean' ? variantOf(boolean, value) : variantOf(string, value),
    ]),
    fromHex(options.parent ?? ''),
    [],
    options.subject,
    options.body,
    BigInt(options.timestamp),
    fromHex(root.dirtree),
    fromHex(root.dirmeta),
  ]);
  return metadataObject('commit', bytes);
}

/**
 * Starts the checksum of a content object: hash the file's bytes into it (none for a symbolic link), and
 * its hex digest is the object's name.
 */
export function contentHash(metadata: FileMetadata, symlinkTarget: string): Hash {
  return createHash('sha256').update(contentPrefix(metadata, symlinkTarget));
}

/** What is hashed before a content object's bytes. */
export function contentPrefix(metadata: FileMetadata, symlinkTarget: string): Buffer {
  const { uid, gid, mode } = metadata;
  const header = contentHeaderType.encode([uid, gid, mode, 0, symlinkTarget, canonicalXattrs(metadata.xattrs)]);
  // The header's length, then padding to the eight bytes that a GVariant may be aligned to.
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32BE(header.length);
  return Buffer.concat([prefix, header]);
}

function canonicalXattrs(xattrs: readonly Xattr[]): readonly (readonly [Uint8Array, Uint8Array])[] {
  return xattrs
    .map(({ name, value }) => [Buffer.from(`${name}\0`), value] as const)
    .sort(([a], [b]) => Buffer.compare(a, b));
}

function metadataObject(kind: MetadataObject['kind'], bytes: Buffer): MetadataObject {
  return { kind, checksum: sha256Hex(bytes), bytes };
}

/** ostree sorts by strcmp: by bytes, not by UTF-16 units as JavaScript does. */
function byName<T extends { name: string }>(entries: readonly T[]): T[] {
  return entries.toSorted((a, b) => compareBytes(a.name, b.name));
}

function fromHex(checksum: string): Buffer {
  return Buffer.from(checksum, 'hex');
}
