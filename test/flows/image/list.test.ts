import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildImages } from '../../../src/flows/image/build.ts';
import { customizeImage } from '../../../src/flows/image/customize.ts';
import { listPlatforms } from '../../../src/flows/image/list.ts';
import { cosa } from '../../cli/in-process.ts';
import { makeTestContainer, type TestContainer } from '../../helpers/container.ts';
import { makeOsTree, type OsTree } from '../../helpers/os-tree.ts';
import { silentSession } from '../../helpers/session.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-list-'));
});
afterAll(() => rm(base, { recursive: true }));

const session = silentSession();

let count = 0;
async function workDirectory(tree: OsTree = {}, container: Partial<TestContainer> = {}): Promise<string> {
  const directory = join(base, String(count++));
  await makeOsTree(join(directory, 'tree'), tree);
  const root = join(directory, 'tree');
  await makeTestContainer({ layout: join(directory, 'oci'), tag: 'stable', root, ...container });
  return directory;
}

async function listed(directory: string, name: string) {
  const { platforms } = await listPlatforms(session, directory, 'stable', undefined);
  return platforms.find((platform) => platform.name === name);
}

describe('listPlatforms', () => {
  it('says what there is without any container', async () => {
    const { container, platforms } = await listPlatforms(session, join(base, 'nowhere'), undefined, undefined);
    expect(container).toBeUndefined();
    expect(platforms.find(({ name }) => name === 'kubevirt')).toEqual({
      name: 'kubevirt',
      title: 'KubeVirt, virtual machines on Kubernetes',
      architectures: ['x86_64'],
      format: 'ociarchive',
      madeFrom: 'qcow2',
      obstacle: undefined,
      images: [],
    });
    expect(platforms.find(({ name }) => name === 'metal4k')?.madeFrom).toBe('base disk, 4096');
  });

  it('says what was made of the container, and is still there', async () => {
    const directory = await workDirectory();
    await buildImages(session, { directory, platforms: ['qemu', 'metal'], from: 'stable' });
    const { images } = await buildImages(session, { directory, platforms: ['qemu'], from: 'stable', compress: 'gzip' });
    const path = join(directory, 'images/1.0/test-os-1.0-qemu.x86_64.qcow2');
    const qemu = await listed(directory, 'qemu');
    expect(qemu?.images.map(({ format }) => format)).toEqual(['qcow2', 'qcow2.gz']);
    const size = images[0]?.record.files[0]?.size;
    expect(qemu?.images[1]).toEqual({ path: `${path}.gz`, format: 'qcow2.gz', size, customized: false });
    expect((await listed(directory, 'aws'))?.images).toEqual([]);

    await truncate(path, 10);
    const record = `${path}.gz.json`;
    await writeFile(record, (await readFile(record, 'utf8')).replace(/"sha256:[0-9a-f]{8}/, '"sha256:00000000'));
    expect((await listed(directory, 'qemu'))?.images).toEqual([]);
  });

  it('says which images are copies with something of somebody’s own', async () => {
    const directory = await workDirectory();
    const { images } = await buildImages(session, { directory, platforms: ['qemu'], from: 'stable' });
    const { path = '' } = images[0] ?? {};
    await customizeImage(session, {
      directory,
      image: path,
      output: path.replace('-qemu', '-mine'),
      append: ['quiet'],
      delete: [],
      replace: [],
    });
    const there = (await listed(directory, 'qemu'))?.images;
    expect(there?.map(({ customized }) => customized)).toEqual([true, false]);
    const { stdout } = await cosa(['-C', directory, 'image', 'list', '--from', 'stable']);
    expect(stdout).toMatch(/ \(customized\), /);
  });

  it('looks at nothing outside of the images, whatever version the container says it has', async () => {
    const directory = await workDirectory();
    const { images } = await buildImages(session, { directory, platforms: ['qemu'], from: 'stable', output: '.' });
    const labels = { 'org.opencontainers.image.version': '../' };
    const root = join(directory, 'tree');
    const { digest } = await makeTestContainer({ layout: join(directory, 'oci'), tag: 'other', root, labels });
    const record = `${images[0]?.path}.json`;
    await writeFile(record, (await readFile(record, 'utf8')).replace(/sha256:[0-9a-f]{64}/, digest));
    const { platforms } = await listPlatforms(session, directory, 'other', undefined);
    expect(platforms.flatMap((platform) => platform.images)).toEqual([]);
  });

  it.each<[string, OsTree, string, string]>([
    [
      'an unknown filesystem',
      { imageConfig: { rootfs: 'ext3' } },
      'image.json: "rootfs" is "ext3", which this program cannot write',
      'did you mean "ext4"?',
    ],
  ])('says what keeps images from being made: %s', async (_, tree, message, hint) => {
    const directory = await workDirectory(tree);
    expect((await listed(directory, 'qemu'))?.obstacle).toEqual({ message, hint });
  });

  it('says that a platform has no machines of the container’s architecture', async () => {
    const directory = await workDirectory({}, { architecture: 'arm64' });
    expect((await listed(directory, 'vmware'))?.obstacle).toEqual({
      message: 'it has no machines of aarch64',
      hint: undefined,
    });
    expect((await listed(directory, 'qemu'))?.obstacle).toBeUndefined();
  });

  it('throws what is wrong with a reference that is named', async () => {
    const directory = await workDirectory();
    await expect(listPlatforms(session, directory, 'stabel', undefined)).rejects.toMatchObject({ code: 'TAG_UNKNOWN' });
  });
});
