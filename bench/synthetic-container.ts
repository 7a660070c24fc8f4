import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeTestContainer } from '../test/helpers/container.ts';
import { makeOsTree } from '../test/helpers/os-tree.ts';
import { makeSyntheticTree } from './synthetic-tree.ts';

/** Makes a container of a synthetic operating system below a directory, and returns its reference. As root. */
export async function makeSyntheticContainer(directory: string): Promise<string> {
  const root = join(directory, 'root');
  makeSyntheticTree(root);
  await makeOsTree(root, { imageConfig: { rootfs: 'ext4', size: 10 } });
  const layout = join(directory, 'oci');
  await makeTestContainer({ layout, tag: 'bench', root, layers: 40, compression: 'zstd' });
  rmSync(root, { recursive: true });
  return `oci:${layout}:bench`;
}
