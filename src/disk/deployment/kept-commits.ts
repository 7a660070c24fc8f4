import type { Image } from '../../oci/image.ts';
import { type CommitDirectories, readDirectories } from '../../ostree/unpack/directories.ts';
import type { ImageTree } from '../../ostree/unpack/image-tree.ts';
import { containerRef, layerCommits, layerRef } from './container-refs.ts';

/** Commits in the repository besides the one that is deployed: an update that has them needs less. */
export interface KeptCommits {
  /** Their metadata objects. */
  objects: CommitDirectories['objects'];
  /** Checksums by the names of refs, which keep them from being pruned. */
  refs: ReadonlyMap<string, string>;
}

/** Where bootc and rpm-ostree leave the commits alone that containers were derived from; the last part is ours. */
const baseRef = 'ostree/container/baseimage/cosa/';

/** The operating system's commit that a derived container's was made of. @throws what `readDirectories` throws */
export async function keptCommits({ below }: ImageTree): Promise<KeptCommits> {
  if (below === undefined) return { objects: [], refs: new Map() };
  const { objects, commit } = await readDirectories(below);
  return { objects, refs: new Map([[`${baseRef}${commit}`, commit]]) };
}

/** What bootc finds a container by. */
export interface ContainerRecords {
  image: Image;
  /** The commit that is deployed, see `withBootcCommit`. */
  commit: string;
  /** What the machine follows, as its origin has it. */
  reference: string | undefined;
  /** Names of objects by the index of their layer. */
  layers: ReadonlyMap<number, ReadonlySet<string>>;
}

/** As {@link keptCommits}, with everything by which bootc knows the container and its layers again. */
export function withContainerRecords(
  kept: KeptCommits,
  { image, commit, reference, layers }: ContainerRecords,
): KeptCommits {
  const [first] = image.manifest.layers;
  const [parent] = [...kept.refs.values()];
  const chunks = layerCommits(image, layers);
  const refs = new Map([...kept.refs, ...chunks.refs]);
  if (first !== undefined && parent !== undefined) refs.set(layerRef(first.digest), parent);
  if (reference !== undefined) refs.set(containerRef(reference), commit);
  return { objects: [...kept.objects, ...chunks.objects], refs };
}
