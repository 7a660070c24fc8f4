import { labelNames } from '../../../contract/labels.ts';
import { verificationError } from '../../../lib/errors.ts';
import { createdAt, type Image, labelOf } from '../../../oci/image.ts';
import { commitObject, dirmetaObject, dirtreeObject, fileTypeBits } from '../../objects.ts';
import type { MetadataObject } from '../../types.ts';
import { maximumMetadataBytes } from '../metadata.ts';
import type { MergedDirectory, TreeContent } from './node.ts';

/** A tree as ostree's objects. */
export interface MergedCommit {
  commit: MetadataObject;
  /** Each dirtree and dirmeta once. */
  metadata: readonly MetadataObject[];
  /** Every content, once. */
  contents: readonly TreeContent[];
}

/**
 * The commit of a container's tree. It depends on the tree and on what the container says of itself, its version and when
 * it was made, and has no parent: nobody else has made that commit.
 * @throws CosaError `TREE_TOO_LARGE` (exit 4) for a directory with more names than an object of ostree's holds
 */
export function mergedCommit(root: MergedDirectory, image: Image): MergedCommit {
  const objects = new Map<string, MetadataObject>();
  const contents = new Map<string, TreeContent>();
  function keep(object: MetadataObject): string {
    objects.set(object.kind + object.checksum, object);
    return object.checksum;
  }
  function store({ uid, gid, mode, xattrs, entries }: MergedDirectory, path: string) {
    const files: { name: string; checksum: string }[] = [];
    const directories: { name: string; dirtree: string; dirmeta: string }[] = [];
    for (const [name, node] of entries) {
      if (node.kind === 'directory') directories.push({ name, ...store(node, `${path}/${name}`) });
      if (node.kind !== 'content') continue;
      files.push({ name, checksum: node.content.checksum });
      // What a layer and the base have may be taken from either: the layer is there in any case.
      if (contents.get(node.content.checksum)?.place === undefined) contents.set(node.content.checksum, node.content);
    }
    const dirtree = dirtreeObject({ files, directories });
    if (dirtree.bytes.length > maximumMetadataBytes) throw tooManyNames(path);
    const dirmeta = dirmetaObject({ uid, gid, mode: fileTypeBits.directory | mode, xattrs });
    return { dirtree: keep(dirtree), dirmeta: keep(dirmeta) };
  }
  const top = store(root, '');
  const version = labelOf(image, labelNames.version);
  const commit = commitObject(top, {
    subject: '',
    body: '',
    timestamp: createdAt(image),
    metadata: version === undefined ? {} : { version },
  });
  return { commit, metadata: [...objects.values()], contents: [...contents.values()] };
}

function tooManyNames(path: string) {
  return verificationError('TREE_TOO_LARGE', `${path || '/'} in the container has more names than ostree can store`);
}
