import { sha256Hex } from '../../src/lib/digest.ts';
import type { TarHeader } from '../../src/lib/tar/types.ts';
import { encodeEntry, endOfArchive, padding } from '../../src/lib/tar/writer.ts';
import type { Xattr } from '../../src/lib/xattr.ts';
import { type Labels, withLabel } from '../../src/ostree/labels.ts';
import {
  commitObject,
  contentHash,
  dirmetaObject,
  dirtreeObject,
  encodeXattrs,
  fileTypeBits,
} from '../../src/ostree/objects.ts';
import type { MetadataObject } from '../../src/ostree/types.ts';

// Builds the layers of small ostree containers entry by entry, so that tests can put in what no honest writer does.
// Owners are the caller's own: tests run as root and as anybody.

const uid = process.getuid?.() ?? 0;
const gid = process.getgid?.() ?? 0;

export interface Entry {
  header: TarHeader;
  content: Uint8Array;
}

/** An entry with everything that is not said set to the usual. */
export function entry(path: string, header: Partial<TarHeader> = {}, content: Uint8Array | string = ''): Entry {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  const usual = { type: 'file', linkTarget: '', mode: 0o644, uid: 0, gid: 0, mtime: 0, xattrs: [] } as const;
  return { header: { ...usual, path, size: bytes.length, ...header }, content: bytes };
}

/** The tar stream of some entries. */
export function tarOf(entries: readonly Entry[]): Buffer {
  const parts = entries.flatMap(({ header, content }) => [encodeEntry(header), content, padding(content.length)]);
  return Buffer.concat([...parts, endOfArchive]);
}

export interface SampleFile {
  path: string;
  content?: string;
  symlinkTarget?: string;
  mode?: number;
  xattrs?: readonly Xattr[];
}

export interface SampleObject extends Required<SampleFile> {
  checksum: string;
}

/** A content object of a sample file. */
export function contentObject(file: SampleFile): SampleObject {
  const { content = '', symlinkTarget = '', xattrs = [] } = file;
  const isLink = file.symlinkTarget !== undefined;
  const mode = isLink ? 0o777 : (file.mode ?? 0o644);
  const typeBits = isLink ? fileTypeBits.symlink : fileTypeBits.file;
  const hash = contentHash({ uid, gid, mode: typeBits | mode, xattrs }, symlinkTarget);
  const checksum = hash.update(content).digest('hex');
  return { path: file.path, content, symlinkTarget, mode, xattrs, checksum };
}

export interface Sample {
  commit: MetadataObject;
  /** dirtree and dirmeta objects. */
  metadata: readonly MetadataObject[];
  objects: readonly SampleObject[];
}

/** A commit of some files; the directories follow from the paths. */
export function sampleCommit(files: readonly SampleFile[], labels?: Labels): Sample {
  const objects = files.map((file) => {
    const kind = file.symlinkTarget === undefined ? 'file' : 'symlink';
    return contentObject({ ...file, xattrs: withLabel(file.xattrs ?? [], labels?.of(file.path, kind)) });
  });
  const metadata: MetadataObject[] = [];
  function dirmeta(path: string): MetadataObject {
    const xattrs = withLabel([], labels?.of(path, 'directory'));
    const object = dirmetaObject({ uid, gid, mode: fileTypeBits.directory | 0o755, xattrs });
    metadata.push(object);
    return object;
  }
  function dirtree(prefix: string): MetadataObject {
    const below = objects
      .filter(({ path }) => path.startsWith(prefix))
      .map(({ path, checksum }) => ({ name: path.slice(prefix.length), checksum }));
    const directories = new Set(below.flatMap(({ name }) => (name.includes('/') ? [name.split('/')[0] ?? ''] : [])));
    const object = dirtreeObject({
      files: below.filter(({ name }) => !name.includes('/')),
      directories: [...directories].map((name) => ({
        name,
        dirtree: dirtree(`${prefix}${name}/`).checksum,
        dirmeta: dirmeta(`${prefix}${name}`).checksum,
      })),
    });
    metadata.push(object);
    return object;
  }
  const root = { dirtree: dirtree('/').checksum, dirmeta: dirmeta('/').checksum };
  const commit = commitObject(root, { subject: 'sample', body: '', timestamp: 1, metadata: {} });
  return { commit, metadata, objects };
}

/** Where an object lies in a layer. */
export function objectName(checksum: string, kind: string): string {
  return `sysroot/ostree/repo/objects/${checksum.slice(0, 2)}/${checksum.slice(2)}.${kind}`;
}

/** The entry of a commit, dirtree or dirmeta. */
export function metadataEntry({ kind, checksum, bytes }: MetadataObject): Entry {
  return entry(objectName(checksum, kind), {}, bytes);
}

/** All metadata of a commit. */
export function metadataEntries({ commit, metadata }: Sample): Entry[] {
  const distinct = new Map(metadata.map((object) => [object.kind + object.checksum, object]));
  return [
    entry('sysroot/ostree/repo/objects/', { type: 'directory', mode: 0o755 }),
    ...[commit, ...distinct.values()].map(metadataEntry),
  ];
}

/** A content object alone, without what must stand before it. */
export function fileEntry(object: SampleObject): Entry {
  const { checksum, content, symlinkTarget, mode } = object;
  const type = symlinkTarget === '' ? 'file' : 'symlink';
  return entry(objectName(checksum, 'file'), { type, mode, uid, gid, linkTarget: symlinkTarget }, content);
}

/** A content object with its xattrs in the new form, and its place in the ordinary layout. */
export function contentEntries(object: SampleObject): Entry[] {
  const name = objectName(object.checksum, 'file');
  return [
    entry(objectName(object.checksum, 'file-xattrs-link'), {}, encodeXattrs(object.xattrs)),
    fileEntry(object),
    entry(object.path.slice(1), { type: 'hardlink', linkTarget: name }),
  ];
}

/** As {@link contentEntries}, with the xattrs in the old form. */
export function oldContentEntries(object: SampleObject): Entry[] {
  const bytes = encodeXattrs(object.xattrs);
  const xattrsName = objectName(sha256Hex(bytes), 'file-xattrs');
  return [
    entry(xattrsName, {}, bytes),
    entry(objectName(object.checksum, 'file-xattrs-link'), { type: 'hardlink', linkTarget: xattrsName }),
    ...contentEntries(object).slice(1),
  ];
}
