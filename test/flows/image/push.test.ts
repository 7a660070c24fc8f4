import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiskImageRecord } from '../../../src/disk/record.ts';
import { run } from '../../../src/exec/run.ts';
import { pullImages } from '../../../src/flows/image/pull.ts';
import { pushImages } from '../../../src/flows/image/push.ts';
import type { Digest } from '../../../src/lib/digest.ts';
import { attachArtifact } from '../../../src/oci/artifact.ts';
import { readIndex, readManifest } from '../../../src/oci/image.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import type { Repository } from '../../../src/oci/registries.ts';
import { diskImageRecord, writeDiskImage } from '../../helpers/disk-image.ts';
import { tar } from '../../helpers/peers.ts';
import { silentSession } from '../../helpers/session.ts';
import { requestsOf } from '../../helpers/testing-registry/log.ts';
import { build, openScene, repositoryName, type Scene } from '../container/transfer/support.ts';

const session = silentSession();

let scene: Scene;
let container: Digest;
let repository: Repository;
beforeEach(async () => {
  scene = await openScene();
  container = (await build(scene.work, '13.1', ['one', 'two'])).digest;
  repository = await session.registries.repository(scene.registry.host, repositoryName);
});
afterEach(() => scene[Symbol.asyncDispose]());

type PushChanges = Partial<Parameters<typeof pushImages>[1]>;

function push(changes: PushChanges = {}) {
  return pushImages(session, {
    directory: scene.work.root,
    names: [],
    destination: scene.repository,
    architecture: 'x86_64',
    ...changes,
  });
}

function make(platform: string, content: string | Buffer, changes: Partial<DiskImageRecord> = {}): Promise<string> {
  const record = diskImageRecord(container, content, { platform, ...changes });
  return writeDiskImage(join(scene.work.images, '13.1'), record, content);
}

async function tarNames(path: string): Promise<string[]> {
  return (await run(tar, ['--list', '--file', path])).stdout.split('\n');
}

const tags = () => Object.fromEntries(scene.registry.tags(repositoryName));

async function indexAt(tag: string) {
  const descriptor = await repository.resolveTag(tag);
  if (descriptor === undefined) throw new Error(`no tag ${tag}`);
  return readIndex(repository, descriptor);
}

describe('pushImages', () => {
  it('lists them under a tag of their own, and beside their container, which goes along', async () => {
    await make('qemu', 'a disk');
    await make('metal', 'another', { format: 'raw' });
    const pushed = await push();
    expect(pushed).toMatchObject({ destination: scene.repository, container, tag: '13.1-disks', moved: true });
    expect(pushed.images.map(({ platform, format, size }) => [platform, format, size])).toEqual([
      ['metal', 'raw', 7],
      ['qemu', 'qcow2', 6],
    ]);
    expect(Object.keys(tags())).toEqual(['13.1', '13.1-disks']);
    expect(tags()['13.1']).toBe(container);
    const entries = (await indexAt('13.1-disks')).manifests;
    expect(entries.map(({ artifactType, platform }) => [artifactType, platform])).toEqual([
      ['application/vnd.diskimage.raw', { os: 'metal', architecture: 'amd64' }],
      ['application/vnd.diskimage.qcow2', { os: 'qemu', architecture: 'amd64' }],
    ]);
    const referrers = await repository.referrers(container);
    expect(new Set(referrers.map(({ digest }) => digest))).toEqual(new Set(entries.map(({ digest }) => digest)));
  });

  it('stores a file as the one layer, its record as the config, and the container as the subject', async () => {
    const path = await make('qemu', 'a disk');
    const [image] = (await push()).images;
    const descriptor = await repository.resolveDigest(image?.digest as Digest);
    if (descriptor === undefined) throw new Error('not there');
    const manifest = await readManifest(repository, descriptor);
    expect(manifest.subject?.digest).toBe(container);
    expect(manifest.layers).toEqual([
      {
        mediaType: 'application/vnd.diskimage.qcow2',
        digest: expect.any(String) as string,
        size: 6,
        annotations: {
          'org.opencontainers.image.title': 'example-13.1-qemu.x86_64.qcow2',
          'coreos-assembler.role': 'disk',
        },
      },
    ]);
    const record = await repository.readBlob(manifest.config)[Symbol.asyncIterator]().next();
    expect(String(record.value)).toBe(await readFile(`${path}.json`, 'utf8'));
  });

  it('brings what lies beside the container, such as its list of packages', async () => {
    const spdx = { artifactType: 'application/spdx+json', content: Buffer.from('{}'), annotations: {} };
    {
      await using store = await openLayoutForWriting(scene.work.oci);
      const subject = await store.resolveDigest(container);
      if (subject !== undefined) await attachArtifact(store, subject, spdx);
    }
    await make('qemu', 'a disk');
    await push();
    expect((await repository.referrers(container, 'application/spdx+json')).length).toBe(1);
  });

  it('moves nothing a second time, and leaves the tag alone', async () => {
    await make('qemu', 'a disk');
    await push();
    scene.registry.log.length = 0;
    expect(await push()).toMatchObject({ moved: false, bytes: 0, blobs: { sent: 0 } });
    expect(requestsOf(scene.registry.log, { method: 'PUT', path: /\/manifests\/13/ })).toEqual([]);
  });

  it('adds to what the version has already, for other platforms and architectures', async () => {
    await make('qemu', 'a disk');
    await push();
    await rm(scene.work.images, { recursive: true });
    await make('metal', 'another', { format: 'raw' });
    await push();
    const arm = (await build(scene.work, '13.1', ['three'], { architecture: 'arm64' })).digest;
    const record = diskImageRecord(arm, 'arm', { architecture: 'aarch64' });
    const path = await writeDiskImage(join(scene.work.root, 'elsewhere'), record, 'arm');
    await push({ names: [path], architecture: 'aarch64' });
    expect((await indexAt('13.1-disks')).manifests.map(({ platform }) => platform)).toEqual([
      { os: 'metal', architecture: 'amd64' },
      { os: 'qemu', architecture: 'amd64' },
      { os: 'qemu', architecture: 'arm64' },
    ]);
  });

  it('gives a version no other images, unless forced', async () => {
    await make('qemu', 'a disk');
    const [first] = (await push()).images;
    await make('qemu', 'a new one');
    await expect(push()).rejects.toMatchObject({
      code: 'TAG_MOVED',
      message: `${scene.repository}:13.1-disks has another disk image for qemu/amd64, ${first?.digest}: a version is given once`,
    });
    await push({ force: true });
    expect((await indexAt('13.1-disks')).manifests).toHaveLength(1);
  });

  it('a tag of the user’s own comes to name those of one version', async () => {
    await make('qemu', 'a disk');
    await make('metal', 'another', { format: 'raw' });
    await push({ destination: `${scene.repository}:testing-disks` });
    container = (await build(scene.work, '13.2', ['new'])).digest;
    const record = diskImageRecord(container, 'newer', { version: '13.2' });
    await writeDiskImage(join(scene.work.images, '13.2'), record, 'newer');
    await push({ destination: `${scene.repository}:testing-disks` });
    expect((await indexAt('testing-disks')).manifests.map(({ platform }) => platform?.os)).toEqual(['qemu']);
  });

  it('only says what would move', async () => {
    await make('qemu', 'a disk');
    expect(await push({ dryRun: true })).toMatchObject({ moved: false, blobs: { sent: 5 } });
    expect(tags()).toEqual({});
  });

  it('and a pull somewhere else give the same files, byte for byte', async () => {
    const content = Buffer.concat([Buffer.from('head'), Buffer.alloc(300_000), Buffer.from('tail')]);
    const path = await make('metal', content, { format: 'raw' });
    await make('qemu', 'a disk');
    await push();
    await using other = await openScene();
    const elsewhere = other.work.root;
    const pulled = await pullImages(session, {
      directory: elsewhere,
      reference: `${scene.repository}:13.1-disks`,
      platforms: ['metal'],
      architecture: 'x86_64',
    });
    expect(pulled.images).toMatchObject([{ platform: 'metal', container, present: false, size: content.length }]);
    const [image] = pulled.images;
    expect(image?.path).toBe(join(elsewhere, 'images/13.1/example-13.1-metal.x86_64.raw'));
    expect((await readFile(image?.path ?? '')).equals(content)).toBe(true);
    expect(await readFile(`${image?.path}.json`, 'utf8')).toBe(await readFile(`${path}.json`, 'utf8'));
  });
});

describe('an archive of disk images', () => {
  const archive = () => `oci-archive:${join(scene.work.root, 'release.tar')}`;

  it('holds them with their container, and gives the same files back', async () => {
    const content = Buffer.concat([Buffer.from('head'), Buffer.alloc(300_000), Buffer.from('tail')]);
    await make('metal', content, { format: 'raw' });
    await make('qemu', 'a disk');
    const pushed = await push({ destination: archive() });
    expect(pushed).toMatchObject({ destination: archive(), container, tag: '13.1-disks', moved: true });
    await using other = await openScene();
    const { images } = await pullImages(session, {
      directory: other.work.root,
      reference: `${archive()}:13.1-disks`,
      platforms: ['metal', 'qemu'],
      architecture: 'x86_64',
    });
    expect(images.map(({ platform, container: of, size }) => [platform, of, size])).toEqual([
      ['metal', container, content.length],
      ['qemu', container, 6],
    ]);
    expect((await readFile(images[0]?.path ?? '')).equals(content)).toBe(true);
    // The container itself is there, too, for who has the archive alone.
    const names = await tarNames(join(scene.work.root, 'release.tar'));
    expect(names).toContain(`blobs/${container.replace(':', '/')}`);
  });

  it('takes what the version gets later', async () => {
    await make('qemu', 'a disk');
    await push({ destination: archive() });
    await make('metal', 'another', { format: 'raw' });
    await push({ destination: archive(), names: ['metal'] });
    await using other = await openScene();
    const reference = `${archive()}:13.1-disks`;
    const options = { directory: other.work.root, reference, architecture: 'x86_64' } as const;
    const { images } = await pullImages(session, { ...options, platforms: ['metal', 'qemu'] });
    expect(images.map(({ size }) => size)).toEqual([7, 6]);
  });
});

describe('pushImages refuses', () => {
  async function refusal(changes: PushChanges = {}): Promise<unknown> {
    return push(changes).then(
      () => 'nothing',
      (error: unknown) => error,
    );
  }

  it('a file whose bytes are not what its record says, and sets no tag', async () => {
    const path = await make('qemu', 'a disk');
    await writeFile(path, 'a diks');
    expect(await refusal()).toMatchObject({
      code: 'DISK_IMAGE_CHANGED',
      message: expect.stringMatching(
        /^reading from .*: .*qcow2 is not what its record says: its digest is not sha256:/,
      ) as string,
    });
    expect(tags()['13.1-disks']).toBeUndefined();
  });

  it('a file of another length', async () => {
    const path = await make('qemu', 'a disk');
    await writeFile(path, 'a longer disk');
    expect(await refusal({ names: [path] })).toMatchObject({
      code: 'DISK_IMAGE_CHANGED',
      message: expect.stringContaining('is not what its record says: it has 13 bytes, and not 6') as string,
    });
  });

  it.each([
    {
      names: ['metal'],
      code: 'DISK_IMAGE_MISSING',
      message: /images\/13\.1 has no disk image for metal of container sha256:/,
    },
    {
      names: ['metall'],
      code: 'PLATFORM_UNKNOWN',
      message: /"metall" is not a platform that disk images can be made for/,
    },
    { names: ['./none.raw'], code: 'DISK_IMAGE_MISSING', message: /^there is no disk image .*\/none\.raw$/ },
    {
      names: ['cosa.json'],
      code: 'DISK_IMAGE_UNRECORDED',
      message: /cosa\.json has no record beside it: .*cosa\.json\.json$/,
    },
  ])('$names', async ({ names, code, message }) => {
    await make('qemu', 'a disk');
    expect(await refusal({ names })).toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  it('an image of another container', async () => {
    const path = await make('qemu', 'a disk');
    const { digest } = await build(scene.work, '13.2', ['new']);
    expect(await refusal({ names: [path] })).toMatchObject({
      code: 'DISK_IMAGE_OTHER_CONTAINER',
      message: `${path} was made of container ${container}, and not of ${digest}`,
    });
  });

  it('what somebody has customized: it is left out, and refused by its name', async () => {
    const path = await make('qemu', 'a disk with secrets', { customized: { of: 'pristine' } });
    await make('metal', 'a disk', { format: 'raw' });
    expect((await push()).images).toMatchObject([{ platform: 'metal' }]);
    expect(await refusal({ names: ['qemu'] })).toMatchObject({ code: 'DISK_IMAGE_MISSING' });
    expect(await refusal({ names: [path] })).toMatchObject({
      code: 'DISK_IMAGE_CUSTOMIZED',
      message: `${path} was customized: it does not follow from its container alone`,
    });
  });

  it('a tag that names a container', async () => {
    await make('qemu', 'a disk');
    await push();
    expect(await refusal({ destination: `${scene.repository}:13.1` })).toMatchObject({
      code: 'DISK_TAG_TAKEN',
      message: `${scene.repository}:13.1 names something else than disk images`,
    });
  });
});
