import { compareBytes } from '../../lib/order.ts';
import { dirmetaObject, dirtreeObject } from '../objects.ts';
import type { ContentObject, FileMetadata, MetadataObject } from '../types.ts';

interface Entries {
  files: { name: string; checksum: string }[];
  directories: { name: string; dirtree: string; dirmeta: string }[];
}

/** A tree's directories as ostree's objects. */
export interface DirectoryObjects {
  /** Every dirmeta and dirtree once, sorted by kind and checksum. */
  metadata: readonly MetadataObject[];
  /** Hex checksums of the root directory. */
  root: { dirtree: string; dirmeta: string };
}

/** @param directories parents before what is in them */
export function directoryObjects(
  files: ReadonlyMap<string, ContentObject>,
  directories: ReadonlyMap<string, FileMetadata>,
): DirectoryObjects {
  const entriesOf = new Map<string, Entries>();
  for (const path of directories.keys()) entriesOf.set(path, { files: [], directories: [] });
  for (const [path, { checksum }] of files) {
    const [parent, name] = splitPath(path);
    entriesOf.get(parent)?.files.push({ name, checksum });
  }
  const objects = new Map<string, MetadataObject>();
  let root = { dirtree: '', dirmeta: '' };
  // Children stand behind their parents: backwards, each directory's entries are complete when it is reached.
  for (const [path, metadata] of [...directories].reverse()) {
    const dirtree = dirtreeObject(entriesOf.get(path) ?? { files: [], directories: [] });
    const dirmeta = dirmetaObject(metadata);
    for (const object of [dirtree, dirmeta]) objects.set(object.kind + object.checksum, object);
    root = { dirtree: dirtree.checksum, dirmeta: dirmeta.checksum };
    const [parent, name] = splitPath(path);
    if (path !== '/') entriesOf.get(parent)?.directories.push({ name, ...root });
  }
  const sorted = [...objects].sort(([a], [b]) => compareBytes(a, b));
  return { metadata: sorted.map(([, object]) => object), root };
}

function splitPath(path: string): [parent: string, name: string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, slash) || '/', path.slice(slash + 1)];
}
