import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyContainers } from '../../../src/flows/container/copy.ts';
import { inspectReference } from '../../../src/flows/container/inspect.ts';
import { listContainers } from '../../../src/flows/container/list.ts';
import { pruneContainers } from '../../../src/flows/container/prune.ts';
import { pullContainer } from '../../../src/flows/container/pull.ts';
import { tagContainer } from '../../../src/flows/container/tag.ts';
import { pushImages } from '../../../src/flows/image/push.ts';
import type { Digest } from '../../../src/lib/digest.ts';
import { openLayout } from '../../../src/oci/layout.ts';
import { diskImageRecord, writeDiskImage } from '../../helpers/disk-image.ts';
import { placeOf } from '../../helpers/place.ts';
import { silentSession } from '../../helpers/session.ts';
import { build, openScene, repositoryName, type Scene } from './transfer/support.ts';

// What commands for containers do where disk images lie beside them.

const session = silentSession();

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
});
afterEach(() => scene[Symbol.asyncDispose]());

/** A version with a disk image, brought to the registry or to another place. */
async function release(version: string, destination = scene.repository): Promise<Digest> {
  const { digest } = await build(scene.work, version, [version]);
  const record = diskImageRecord(digest, `disk of ${version}`, { version });
  await writeDiskImage(join(scene.work.images, version), record, `disk of ${version}`);
  const options = {
    directory: scene.work.root,
    names: [],
    destination,
    from: version,
    architecture: 'x86_64' as const,
  };
  await pushImages(session, options);
  return digest;
}

const tags = () => [...scene.registry.tags(repositoryName).keys()];
const inspect = (reference: string) => inspectReference(session, scene.work.root, reference);

describe('inspect', () => {
  it('shows the disk images beside a container', async () => {
    const container = await release('13.1');
    const { diskImages } = await inspect(`${scene.repository}:13.1`);
    expect(diskImages).toMatchObject([
      { platform: 'qemu', architecture: 'amd64', format: 'qcow2', size: 12, container, signatures: [] },
    ]);
    expect(diskImages[0]?.files).toMatchObject([{ role: 'disk', name: 'example-13.1-qemu.x86_64.qcow2', size: 12 }]);
  });

  it('shows an index of disk images, and one of them by its digest', async () => {
    await release('13.1');
    const index = await inspect(`${scene.repository}:13.1-disks`);
    expect(index).not.toHaveProperty('layerList');
    expect(index.diskImages).toMatchObject([{ platform: 'qemu', size: 12 }]);
    const one = await inspect(`${scene.repository}@${index.diskImages[0]?.digest}`);
    expect(one.diskImages).toEqual(index.diskImages);
  });
});

describe('list', () => {
  it('names an index of disk images, and takes it for no container', async () => {
    await release('13.1');
    const { containers, others } = await listContainers(session, placeOf(scene.repository));
    expect(containers.map((container) => container.tags)).toEqual([['13.1']]);
    expect(others).toMatchObject([{ tags: ['13.1-disks'], what: 'disk images: qemu' }]);
  });
});

describe('pull and copy', () => {
  it('leave disk images where they are, and say so', async () => {
    await release('13.1');
    await using other = await openScene();
    const pulled = await pullContainer(session, other.work, {
      reference: `${scene.repository}:13.1`,
      tags: [],
      platform: { os: 'linux', architecture: 'amd64' },
    });
    expect(pulled).toMatchObject({ diskImagesLeft: 1, blobs: { sent: 2 } });
    expect(await (await openLayout(other.work.oci)).referrers(pulled.digest)).toEqual([]);
  });

  it('copies them where that is asked for', async () => {
    await release('13.1');
    await using other = await openScene();
    const [copied] = await copyContainers(session, other.work.root, {
      source: `${scene.repository}:13.1`,
      destination: 'oci:copy',
      all: true,
      diskImages: true,
      platform: undefined,
      dryRun: false,
    });
    expect(copied).toMatchObject({ diskImagesLeft: 0, blobs: { sent: 4 } });
    const layout = await openLayout(join(other.work.root, 'copy'));
    expect(await layout.referrers(copied?.digest as Digest)).toMatchObject([
      { artifactType: 'application/vnd.diskimage.qcow2' },
    ]);
  });

  it('copies an index of disk images with them', async () => {
    await release('13.1');
    const [copied] = await copyContainers(session, scene.work.root, {
      source: `${scene.repository}:13.1-disks`,
      destination: 'oci:copy',
      all: true,
      platform: undefined,
      dryRun: false,
    });
    expect(copied).toMatchObject({ tags: ['13.1-disks'], diskImagesLeft: 0, blobs: { sent: 2 } });
  });
});

describe('prune', () => {
  const keepOne = { keep: 1, dryRun: false };

  it('removes the disk images of old builds with them, in a registry', async () => {
    await release('13.1');
    await release('13.2');
    await pruneContainers(session, placeOf(scene.repository), keepOne);
    expect(tags()).toEqual(['13.2', '13.2-disks']);
  });

  it('removes them in a layout, and their bytes', async () => {
    const place = `oci:${scene.work.oci}`;
    await release('13.1', place);
    await release('13.2', place);
    const pruned = await pruneContainers(session, placeOf(place), keepOne);
    expect(pruned.tags).toEqual(['13.1', '13.1-disks']);
    const layout = await openLayout(scene.work.oci);
    expect(await layout.tagNames()).toEqual(['13.2', '13.2-disks', 'testing-candidate']);
    // Of 13.1: manifest, config and layer of the container, manifest, record and file of the disk image, and the index.
    expect(pruned).toMatchObject({ blobs: 7 });
  });

  it('keeps a build whose disk images have a tag of the user’s own', async () => {
    await release('13.1', `${scene.repository}:keep-these`);
    await release('13.2');
    await release('13.3');
    await pruneContainers(session, placeOf(scene.repository), keepOne);
    expect(tags()).toEqual(['13.1', '13.3', '13.3-disks', 'keep-these']);
  });

  it('keeps the disk images of a build that has another tag', async () => {
    await release('13.1');
    await tagContainer(session, scene.work.root, `${scene.repository}:13.1`, ['stable']);
    await release('13.2');
    await release('13.3');
    await pruneContainers(session, placeOf(scene.repository), keepOne);
    expect(tags()).toEqual(['13.1', '13.1-disks', '13.3', '13.3-disks', 'stable']);
  });
});
