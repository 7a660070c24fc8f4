import { type CommitDirectories, readDirectories } from '../../ostree/unpack/directories.ts';
import type { ImageTree } from '../../ostree/unpack/image-tree.ts';

/** Commits in the repository besides the one that is deployed: an update that has them needs less. */
export interface KeptCommits {
  /** Their metadata objects. */
  objects: CommitDirectories['objects'];
  /** Checksums by the names of refs, which keep them from being pruned. */
  refs: ReadonlyMap<string, string>;
}

/** Where bootc and rpm-ostree leave the commits alone that containers were derived from; the last part is ours. */
export const baseRef = 'ostree/container/baseimage/cosa/';

/** The operating system's commit that a derived container's was made of. @throws what `readDirectories` throws */
export async function keptCommits({ below }: ImageTree): Promise<KeptCommits> {
  if (below === undefined) return { objects: [], refs: new Map() };
  const { objects, commit } = await readDirectories(below);
  return { objects, refs: new Map([[`${baseRef}${commit}`, commit]]) };
}
