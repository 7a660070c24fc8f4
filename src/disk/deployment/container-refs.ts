import type { Image } from '../../oci/image.ts';
import { commitObject, dirmetaObject, dirtreeObject, fileTypeBits } from '../../ostree/objects.ts';
import type { MetadataObject } from '../../ostree/types.ts';
import { partsOfImage } from '../../ostree/unpack/base-layers.ts';
import { maximumMetadataBytes } from '../../ostree/unpack/metadata.ts';

// The records of a container in a system's repository, as bootc and rpm-ostree keep them:
// https://github.com/bootc-dev/bootc/blob/main/crates/ostree-ext/src/container/store.rs

/** The ref of a layer that was imported. */
export function layerRef(digest: string): string {
  return `ostree/container/blob/${escapedForRef(digest)}`;
}

/**
 * The ref of a container.
 * @param reference as it stands in an origin: `ostree-unverified-registry:HOST/REPOSITORY:TAG`
 */
export function containerRef(reference: string): string {
  return `ostree/container/image/${escapedForRef(transportAndName(reference))}`;
}

/** An origin's reference without what it says of signatures: `docker://HOST/REPOSITORY:TAG`. */
function transportAndName(reference: string): string {
  const name = reference
    .replace(/^ostree-(unverified-registry|remote-registry:[^:]*):/, 'docker://')
    .replace(/^ostree-(image-signed|unverified-image|remote-image:[^:]*):/, '');
  return name.replace(/^registry:/, 'docker://');
}

/**
 * Escapes what refs may not have: `_` doubled, others by their number between two of it. A slash stays where it parts two
 * names.
 * https://github.com/bootc-dev/bootc/blob/main/crates/ostree-ext/src/refescape.rs
 */
export function escapedForRef(text: string): string {
  const characters = [...text];
  return characters
    .map((character, index) => {
      if (/[A-Za-z0-9-]/.test(character)) return character;
      if (character === '_') return '__';
      const parts = /[A-Za-z0-9]/.test(characters[index - 1] ?? '') && index < characters.length - 1;
      if (character === '/' && parts) return character;
      return `_${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(2, '0')}_`;
    })
    .join('');
}

/** The objects of layers as commits: what an update has of a layer need not be fetched again. */
export interface LayerCommits {
  objects: readonly MetadataObject[];
  /** Checksums of commits by refs. */
  refs: ReadonlyMap<string, string>;
}

/**
 * A commit for each layer of an ostree commit but the first, whose tree has its objects under their own names.
 * @param contents names of objects by the index of their layer
 */
export function layerCommits(image: Image, contents: ReadonlyMap<number, ReadonlySet<string>>): LayerCommits {
  const objects: MetadataObject[] = [];
  const refs = new Map<string, string>();
  const layers = partsOfImage(image).ostree?.layers ?? [];
  for (const [index, { descriptor }] of layers.entries()) {
    if (index === 0) continue;
    const names = [...(contents.get(index) ?? [])];
    const dirtree = dirtreeObject({ files: names.map((name) => ({ name, checksum: name })), directories: [] });
    // Without its commit the layer is fetched again.
    if (dirtree.bytes.length > maximumMetadataBytes) continue;
    const dirmeta = dirmetaObject({ uid: 0, gid: 0, mode: fileTypeBits.directory | 0o755, xattrs: [] });
    const root = { dirtree: dirtree.checksum, dirmeta: dirmeta.checksum };
    const commit = commitObject(root, { subject: '', body: '', timestamp: 0, metadata: {} });
    objects.push(commit, dirtree, dirmeta);
    refs.set(layerRef(descriptor.digest), commit.checksum);
  }
  return { objects, refs };
}
