import { labelNames } from '../../contract/labels.ts';
import { canonicalJson, type Json } from '../../lib/canonical-json.ts';
import { createdAt, type Image, labelOf } from '../../oci/image.ts';
import { commitObject } from '../objects.ts';
import { findFile } from './commit-tree.ts';
import type { ImageTree } from './image-tree.ts';
import { parseCommit } from './metadata.ts';

/** Where a container has bootc. */
const bootcPath = '/usr/bin/bootc';

/**
 * The tree of a container that has bootc, under a commit as bootc makes one of every container that it deploys: the same
 * files, and in its metadata the container's manifest and configuration, which `bootc status` and `rpm-ostree status` read.
 * Its parent is the operating system's own commit, which is kept beside it.
 * https://github.com/bootc-dev/bootc/blob/main/crates/ostree-ext/src/container/store.rs
 * @returns the tree itself for a container without bootc
 */
export async function withBootcCommit(tree: ImageTree, image: Image): Promise<ImageTree> {
  if ((await findFile(tree, tree.commit, bootcPath)) === undefined) return tree;
  const bytes = await tree.readMetadata('commit', tree.commit);
  if (bytes === undefined) return tree;
  const { rootTree, rootMeta, version } = parseCommit(bytes, `commit ${tree.commit}`);
  const below = tree.below ?? tree;
  const { object, checksum } = bootcCommit(image, {
    root: { dirtree: rootTree, dirmeta: rootMeta },
    parent: below.commit,
    version: version ?? labelOf(image, labelNames.version),
  });
  return {
    ...tree,
    below,
    commit: checksum,
    detachedMetadata: () => undefined,
    readMetadata: async (kind, name) =>
      kind === 'commit' && name === checksum ? object : tree.readMetadata(kind, name),
  };
}

interface BootcCommit {
  /** Checksums of the root directory. */
  root: { dirtree: string; dirmeta: string };
  parent: string;
  version: string | undefined;
}

function bootcCommit(image: Image, { root, parent, version }: BootcCommit): { object: Buffer; checksum: string } {
  const { bytes, checksum } = commitObject(root, {
    subject: '',
    body: '',
    timestamp: createdAt(image),
    parent,
    metadata: {
      ...(version === undefined ? {} : { version }),
      'ostree.container.image-config': canonicalJson(image.config as unknown as Json),
      'ostree.importer.version': importerVersion,
      'ostree.manifest': canonicalJson(image.manifest as unknown as Json),
      'ostree.manifest-digest': image.descriptor.digest,
    },
  });
  return { object: bytes, checksum };
}

/** bootc writes the version of its own library there, and reads it nowhere. */
const importerVersion = 'cosa';
