import { labelNames } from '../../contract/labels.ts';
import type { Lockfile } from '../../contract/lockfile.ts';
import { parseLockfile } from '../../contract/lockfile.ts';
import { isLockfileName, lockfileDirectory } from '../../contract/paths.ts';
import type { Image } from '../../oci/image.ts';
import { labelOf } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';
import { fileNames } from '../../ostree/unpack/commit-tree.ts';
import type { ImageTree } from '../../ostree/unpack/image-tree.ts';
import { readFiles, readImageDirectories } from '../../ostree/unpack/read-files.ts';

/**
 * The lockfile that a container carries, or `undefined` if it has none or is no ostree container.
 * @throws CosaError `LOCKFILE_INVALID` (exit 2), what `readFiles` throws
 */
export async function embeddedLockfile(
  reader: ContentReader,
  image: Image,
  known?: ImageTree,
): Promise<Lockfile | undefined> {
  if (labelOf(image, labelNames.commit) === undefined) return undefined;
  const tree = known ?? (await readImageDirectories(reader, image, [lockfileDirectory]));
  const names = await fileNames(tree, tree.commit, lockfileDirectory);
  for (const name of names.filter(isLockfileName)) {
    const path = `${lockfileDirectory}/${name}`;
    const text = (await readFiles(reader, image, [path], tree)).get(path);
    if (text !== undefined) return parseLockfile(text.toString(), `${image.descriptor.digest}:${path}`);
  }
  return undefined;
}
