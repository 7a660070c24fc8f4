import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImages } from '../../../src/flows/image/build.ts';
import { planImages } from '../../../src/flows/image/plan-images.ts';
import type { ImageMaker, ReleaseOptions } from '../../../src/flows/publish/release.ts';
import type { Descriptor } from '../../../src/oci/types.ts';
import { writeSettings } from '../../../src/workspace/work-directory.ts';
import { makeTestContainer } from '../../helpers/container.ts';
import { makeOsTree } from '../../helpers/os-tree.ts';

export const imageMaker: ImageMaker = { plan: planImages, make: buildImages };

export function releaseOptions(directory: string, store: string, more: Partial<ReleaseOptions> = {}): ReleaseOptions {
  return { directory, store, options: {}, platforms: [], allowDowngrade: false, dryRun: false, ...more };
}

export interface ReleaseScene {
  version?: string;
  name?: string;
  tags?: readonly string[];
  /** release.json. */
  settings?: object;
}

/** Puts a container into a work directory, which is made if it is missing. */
export async function buildRelease(
  directory: string,
  {
    version = '1.0',
    name = 'test-os',
    tags = ['stable'],
    settings = { platforms: ['metal', 'qemu'] },
  }: ReleaseScene = {},
): Promise<Descriptor> {
  const tree = join(directory, `tree-${version}-${name}`);
  await rm(tree, { recursive: true, force: true });
  await makeOsTree(tree, {});
  const place = join(tree, 'usr/share/coreos-assembler');
  await mkdir(place, { recursive: true });
  await writeFile(join(place, 'release.json'), JSON.stringify(settings));
  await writeFile(join(place, 'image.json'), JSON.stringify({ size: 1, compressor: 'gzip' }));
  await writeSettings(directory, { config: { source: '/config' }, stream: 'stable' });
  let descriptor: Descriptor | undefined;
  for (const tag of tags) {
    descriptor = await makeTestContainer({
      layout: join(directory, 'oci'),
      tag,
      root: tree,
      labels: {
        'org.opencontainers.image.version': version,
        'com.coreos.osname': name,
        'com.coreos.stream': 'stable',
      },
    });
  }
  return descriptor as Descriptor;
}
