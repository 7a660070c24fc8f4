import { sha256Hex } from '../../lib/digest.ts';
import { type CosaError, verificationError } from '../../lib/errors.ts';
import { readTar, type TarEntry } from '../../lib/tar/reader.ts';
import type { Xattr } from '../../lib/xattr.ts';
import { contentHash, fileTypeBits } from '../objects.ts';
import type { BaseLayer } from './base-layers.ts';
import { layoutChecker } from './layout-checker.ts';
import { normalizePath, type ObjectName, parseObjectPath } from './layout-path.ts';
import { keptBytes, type UnpackLimits } from './limits.ts';
import { maximumMetadataBytes, maximumXattrsBytes, parseXattrs } from './metadata.ts';

/** A commit, dirtree, dirmeta or commitmeta: verified already, except commitmeta, which has no checksum of its own. */
export interface MetadataEntry {
  type: 'metadata';
  kind: 'commit' | 'commitmeta' | 'dirtree' | 'dirmeta';
  checksum: string;
  bytes: Buffer;
}

/** A file or symbolic link. Whoever takes the content must take all of it: its checksum is checked at the end. */
export interface ContentEntry {
  type: 'content';
  kind: 'file' | 'symlink';
  checksum: string;
  uid: number;
  gid: number;
  /** Permission bits. */
  mode: number;
  /** Bytes. */
  size: number;
  symlinkTarget: string;
  xattrs: readonly Xattr[];
  /** @throws CosaError `OBJECT_CHECKSUM` (exit 4) after the last byte, if the object is not what its name says */
  content(): AsyncGenerator<Buffer, void, void>;
}

/**
 * Reads a layer's ostree objects in their order. Every path and every checksum is verified in the stream; paths of the
 * ordinary layout are checked and skipped. Both forms of xattr objects are understood.
 * @param tar the layer's stream, see `layerTar`
 * @throws CosaError `LAYER_PATH`, `LAYER_ENTRY`, `LAYER_TOO_LARGE`, `OBJECT_CHECKSUM`, `OBJECT_INVALID` and what the tar
 *   reader throws (exit 4)
 */
export async function* objectsOfTar(
  tar: AsyncIterable<Buffer>,
  layer: BaseLayer,
  limits: UnpackLimits,
): AsyncGenerator<MetadataEntry | ContentEntry, void, void> {
  const { digest } = layer.descriptor;
  const keep = keptBytes(layer.descriptor);
  const layout = layoutChecker(digest, limits.entries, keep);
  const xattrsByHash = new Map<string, Xattr[]>();
  let pending: { checksum: string; xattrs: Xattr[] } | undefined;

  for await (const entry of readTar(tar)) {
    const path = normalizePath(entry.path, digest);
    const object = parseObjectPath(path, digest);
    layout.check(entry, path, object);
    if (object === undefined) continue;
    const what = `layer ${digest}: object ${object.checksum}.${object.kind}`;
    switch (object.kind) {
      case 'commit':
      case 'commitmeta':
      case 'dirtree':
      case 'dirmeta':
        yield {
          type: 'metadata',
          kind: object.kind,
          checksum: object.checksum,
          bytes: await metadataBytes(entry, object, what),
        };
        break;
      case 'file-xattrs': {
        const bytes = await smallBytes(entry, maximumXattrsBytes, what);
        requireChecksum(sha256Hex(bytes), object.checksum, what);
        keep(bytes.length);
        xattrsByHash.set(object.checksum, parseXattrs(bytes, what));
        break;
      }
      case 'file-xattrs-link':
        pending = { checksum: object.checksum, xattrs: await linkedXattrs(entry, xattrsByHash, digest, what) };
        break;
      case 'file': {
        if (pending?.checksum !== object.checksum) throw layerEntry(what, 'has no xattrs object before it');
        yield storedContent(entry, object.checksum, pending.xattrs, what);
        pending = undefined;
        break;
      }
    }
  }
}

async function metadataBytes(entry: TarEntry, object: ObjectName, what: string): Promise<Buffer> {
  const bytes = await smallBytes(entry, maximumMetadataBytes, what);
  if (object.kind !== 'commitmeta') requireChecksum(sha256Hex(bytes), object.checksum, what);
  return bytes;
}

async function smallBytes(entry: TarEntry, limit: number, what: string): Promise<Buffer> {
  if (entry.type !== 'file') throw layerEntry(what, `is a ${entry.type}`);
  if (entry.size > limit) throw layerEntry(what, `has ${entry.size} bytes; at most ${limit} are accepted`);
  return entry.bytes(limit);
}

/** The new form holds the xattrs itself; the old form is a hard link to an object named by their hash. */
async function linkedXattrs(
  entry: TarEntry,
  xattrsByHash: ReadonlyMap<string, Xattr[]>,
  layer: string,
  what: string,
): Promise<Xattr[]> {
  if (entry.type !== 'hardlink') return parseXattrs(await smallBytes(entry, maximumXattrsBytes, what), what);
  const target = parseObjectPath(normalizePath(entry.linkTarget, layer), layer);
  const xattrs = target?.kind === 'file-xattrs' ? xattrsByHash.get(target.checksum) : undefined;
  if (xattrs === undefined)
    throw layerEntry(what, `links to ${JSON.stringify(entry.linkTarget)}, which holds no xattrs`);
  return xattrs;
}

function storedContent(entry: TarEntry, checksum: string, xattrs: readonly Xattr[], what: string): ContentEntry {
  if (entry.type !== 'file' && entry.type !== 'symlink') throw layerEntry(what, `is a ${entry.type}`);
  return contentOfEntry({ ...entry, xattrs }, checksum, what);
}

/**
 * A tar entry with a file or symbolic link as a content object.
 * @param entry with the xattrs that the object has
 * @param checksum the name that it must have: verified when its content has been read
 * @param what names the object in errors
 */
export function contentOfEntry(entry: TarEntry, checksum: string, what: string): ContentEntry {
  const { uid, gid, size, linkTarget: symlinkTarget, xattrs } = entry;
  const kind = entry.type === 'symlink' ? 'symlink' : 'file';
  // Linux gives every symbolic link this mode; what the archive says of it varies between writers.
  const mode = kind === 'symlink' ? 0o777 : entry.mode;
  async function* content(): AsyncGenerator<Buffer, void, void> {
    const hash = contentHash({ uid, gid, mode: fileTypeBits[kind] | mode, xattrs }, symlinkTarget);
    for await (const chunk of entry.content()) {
      hash.update(chunk);
      yield chunk;
    }
    requireChecksum(hash.digest('hex'), checksum, what);
  }
  return { type: 'content', kind, checksum, uid, gid, mode, size, symlinkTarget, xattrs, content };
}

function requireChecksum(found: string, expected: string, what: string): void {
  if (found !== expected) {
    throw verificationError('OBJECT_CHECKSUM', `${what} has the checksum ${found}`, {
      hint: 'the image is damaged or forged: build or copy it again',
    });
  }
}

function layerEntry(what: string, problem: string): CosaError {
  return verificationError('LAYER_ENTRY', `${what} ${problem}`, {
    hint: 'the image is damaged or was not written by an ostree tool',
  });
}

/** Reads an object to its end, which verifies it. */
export async function drain(entry: ContentEntry): Promise<void> {
  const content = entry.content();
  while ((await content.next()).done !== true);
}

/** The error for an object that the image's own commit does not need. */
export function unreferenced({ checksum }: ContentEntry) {
  return verificationError('OBJECT_UNREFERENCED', `the image holds object ${checksum}, which is not in its commit`, {
    hint: 'no tool that builds images puts it there: do not trust the image',
  });
}
