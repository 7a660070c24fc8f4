import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiskImageRecord } from '../../../src/disk/record.ts';
import { generateKeys, signImage } from '../../../src/flows/container/sign.ts';
import { verifyImage } from '../../../src/flows/container/verify.ts';
import { pullImages } from '../../../src/flows/image/pull.ts';
import { pushImages } from '../../../src/flows/image/push.ts';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import { type Digest, digestOf } from '../../../src/lib/digest.ts';
import { storeBytes } from '../../../src/oci/artifact.ts';
import { readIndex } from '../../../src/oci/image.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import type { Repository } from '../../../src/oci/registries.ts';
import { type Descriptor, mediaTypes } from '../../../src/oci/types.ts';
import { diskImageRecord, writeDiskImage } from '../../helpers/disk-image.ts';
import { silentSession } from '../../helpers/session.ts';
import { requestsOf } from '../../helpers/testing-registry/log.ts';
import { build, openScene, repositoryName, type Scene } from '../container/transfer/support.ts';

const session = silentSession();

let scene: Scene;
let target: string;
let container: Digest;
let repository: Repository;
beforeEach(async () => {
  scene = await openScene();
  target = join(scene.work.root, 'target');
  await mkdir(target);
  container = (await build(scene.work, '13.1', ['one'])).digest;
  repository = await session.registries.repository(scene.registry.host, repositoryName);
});
afterEach(() => scene[Symbol.asyncDispose]());

async function push(platform: string, content: string | Buffer, changes: Partial<DiskImageRecord> = {}) {
  const record = diskImageRecord(container, content, { platform, ...changes });
  const path = await writeDiskImage(join(scene.work.root, 'made'), record, content);
  const options = { directory: scene.work.root, names: [path], destination: scene.repository, force: true };
  const architecture = 'x86_64';
  return (await pushImages(session, { ...options, architecture })).images[0]?.digest as Digest;
}

type PullChanges = Partial<Parameters<typeof pullImages>[1]>;

function pull(platforms: readonly string[], changes: PullChanges = {}) {
  return pullImages(session, {
    directory: scene.work.root,
    reference: `${scene.repository}:13.1-disks`,
    platforms,
    architecture: 'x86_64',
    output: target,
    ...changes,
  });
}

const pulledFiles = () => readdir(target);

describe('pullImages', () => {
  it('finds an image by the tag of an index, by its container, and by its digest', async () => {
    const digest = await push('qemu', 'a disk');
    await push('metal', 'another', { format: 'raw' });
    for (const reference of ['13.1-disks', '13.1']) {
      const { images } = await pull(['qemu'], { reference: `${scene.repository}:${reference}`, force: true });
      expect(images).toMatchObject([{ digest, container, platform: 'qemu', format: 'qcow2' }]);
    }
    const byDigest = { reference: `${scene.repository}@${digest}`, architecture: undefined };
    expect((await pull([], byDigest)).images).toMatchObject([{ digest, present: true }]);
    expect(await pulledFiles()).toEqual(['example-13.1-qemu.x86_64.qcow2', 'example-13.1-qemu.x86_64.qcow2.json']);
  });

  it('needs no platform where there is one image', async () => {
    await push('qemu', 'a disk');
    expect((await pull([])).images).toMatchObject([{ platform: 'qemu' }]);
  });

  it('puts images where they are made, without being told', async () => {
    await push('qemu', 'a disk');
    const [image] = (await pull(['all'], { output: undefined })).images;
    expect(image?.path).toBe(join(scene.work.images, '13.1/example-13.1-qemu.x86_64.qcow2'));
  });

  it('downloads nothing that is there, byte for byte', async () => {
    await push('qemu', 'a disk');
    await pull(['qemu']);
    scene.registry.log.length = 0;
    expect(await pull(['qemu'])).toMatchObject({ bytes: 0, images: [{ present: true }] });
    const hex = digestOf('a disk').slice(7);
    expect(requestsOf(scene.registry.log, { method: 'GET', path: new RegExp(hex) })).toEqual([]);
  });

  it('writes a record that is missing beside an image', async () => {
    await push('qemu', 'a disk');
    await pull(['qemu']);
    const record = join(target, 'example-13.1-qemu.x86_64.qcow2.json');
    const text = await readFile(record, 'utf8');
    await rm(record);
    await pull(['qemu']);
    expect(await readFile(record, 'utf8')).toBe(text);
  });

  it('leaves holes where a disk has zeros', async () => {
    const content = Buffer.concat([Buffer.alloc(100_000, 1), Buffer.alloc(8 << 20), Buffer.from('end')]);
    await push('metal', content, { format: 'raw' });
    const [image] = (await pull(['metal'])).images;
    expect((await readFile(image?.path ?? '')).equals(content)).toBe(true);
    const { size, blocks } = await stat(image?.path ?? '');
    expect(size).toBe(content.length);
    expect(blocks * 512).toBeLessThan(size / 4);
  });

  it('brings all files of an image', async () => {
    const parts = { kernel: 'vmlinuz', initramfs: 'initrd', rootfs: 'squashfs' } as const;
    const files = Object.entries(parts).map(([role, content]) => ({
      role: role as keyof typeof parts,
      name: `example-13.1-live-${role}.x86_64`,
      size: content.length,
      sha256: digestOf(content).slice(7),
    }));
    const record = diskImageRecord(container, '', { platform: 'live-pxe', format: 'pxe', files });
    const path = await writeDiskImage(join(scene.work.root, 'made'), record, parts.kernel);
    for (const { role, name } of files) await writeFile(join(scene.work.root, 'made', name), parts[role]);
    const options = { directory: scene.work.root, names: [path], destination: scene.repository };
    await pushImages(session, { ...options, architecture: 'x86_64' });
    await pull(['live-pxe']);
    for (const { role, name } of files) expect(await readFile(join(target, name), 'utf8')).toBe(parts[role]);
    expect(await pulledFiles()).toHaveLength(4);
  });

  it('goes on where a broken connection stopped', async () => {
    await push('qemu', 'x'.repeat(500_000));
    scene.registry.inject({
      match: { method: 'GET', path: /\/blobs\// },
      fault: { kind: 'reset', afterBytes: 200_000 },
      times: 1,
    });
    await pull(['qemu']);
    expect(await readFile(join(target, 'example-13.1-qemu.x86_64.qcow2'), 'utf8')).toBe('x'.repeat(500_000));
  });

  it('takes what other programs have pushed: one layer with a title', async () => {
    const config = await storeBytes(repository, Buffer.from('{}'), mediaTypes.empty);
    const annotations = { 'org.opencontainers.image.title': 'disk.raw' };
    const layer = { ...(await storeBytes(repository, Buffer.from('theirs'), 'application/octet-stream')), annotations };
    const artifactType = 'application/vnd.diskimage.raw';
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, artifactType, config, layers: [layer] };
    const stored = await repository.putManifest(canonicalJson(manifest), mediaTypes.manifest);
    const entry = { ...stored, artifactType, platform: { os: 'metal', architecture: 'x86_64' } };
    const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [entry] };
    const text = canonicalJson(JSON.parse(JSON.stringify(index)) as object as never);
    await repository.setTags(['theirs'], await repository.putManifest(text, mediaTypes.index));
    const { images } = await pull(['metal'], { reference: `${scene.repository}:theirs` });
    expect(images).toMatchObject([{ platform: 'metal', architecture: 'amd64', container: undefined }]);
    expect(await pulledFiles()).toEqual(['disk.raw']);
  });
});

describe('pullImages refuses', () => {
  it('a platform that there is not, and tells which there are', async () => {
    await push('qemu', 'a disk');
    await expect(pull(['metal'])).rejects.toMatchObject({
      code: 'DISK_IMAGE_MISSING',
      message: `${scene.repository}:13.1-disks has no disk image for "metal" for amd64`,
      hint: 'there are: qemu/amd64 (qcow2)',
    });
    await expect(pull(['qemu'], { architecture: 'aarch64' })).rejects.toMatchObject({
      message: `${scene.repository}:13.1-disks has no disk image for "qemu" for arm64`,
    });
  });

  it('to choose among several', async () => {
    await push('qemu', 'a disk');
    await push('metal', 'another', { format: 'raw' });
    await expect(pull([])).rejects.toMatchObject({
      code: 'DISK_IMAGE_AMBIGUOUS',
      message: `${scene.repository}:13.1-disks has 2 disk images: metal/amd64 (raw), qemu/amd64 (qcow2)`,
      hint: 'name a platform, or "all"',
    });
  });

  it('two that fit, and names both', async () => {
    const first = await push('qemu', 'a disk');
    const second = await push('qemu', 'compressed', { format: 'qcow2.xz' });
    await expect(pull(['qemu'])).rejects.toMatchObject({
      code: 'DISK_IMAGE_AMBIGUOUS',
      message: `${scene.repository}:13.1-disks has 2 disk images for "qemu": qcow2 ${first}, qcow2.xz ${second}`,
      hint: `name one by its digest: ${scene.repository}@${first}`,
    });
  });

  it('a container without any', async () => {
    const image = await build(scene.work, '13.2', ['two']);
    const bare = { reference: '13.2', directory: scene.work.root };
    await expect(pull(['qemu'], bare)).rejects.toMatchObject({
      code: 'DISK_IMAGE_MISSING',
      message: '13.2 has no disk images',
    });
    expect(image.digest).not.toBe(container);
  });

  it('to replace another file, unless forced', async () => {
    await push('qemu', 'a disk');
    const path = join(target, 'example-13.1-qemu.x86_64.qcow2');
    await writeFile(path, 'mine');
    await expect(pull(['qemu'])).rejects.toMatchObject({
      code: 'DISK_IMAGE_EXISTS',
      message: `${path} is there already, and is another file than ${digestOf('a disk')}`,
    });
    await pull(['qemu'], { force: true });
    expect(await readFile(path, 'utf8')).toBe('a disk');
  });

  it('bytes that are not what the descriptor says, and leaves nothing', async () => {
    await push('qemu', 'x'.repeat(50_000));
    const hex = digestOf('x'.repeat(50_000)).slice(7);
    scene.registry.inject({
      match: { method: 'GET', path: new RegExp(hex) },
      fault: { kind: 'corrupt', offset: 7 },
      times: 9,
    });
    await expect(pull(['qemu'])).rejects.toMatchObject({ code: 'BLOB_DIGEST_MISMATCH', exitStatus: 4 });
    expect(await pulledFiles()).toEqual([]);
  });

  it('two images that would be one file', async () => {
    const name = 'same.raw';
    const files = (content: string) => [
      { role: 'disk' as const, name, size: content.length, sha256: digestOf(content).slice(7) },
    ];
    await push('metal', 'one', { format: 'raw', files: files('one') });
    await push('qemu', 'two', { format: 'raw', files: files('two') });
    await expect(pull(['all'])).rejects.toMatchObject({
      code: 'DISK_IMAGE_INVALID',
      message: expect.stringMatching(/^disk images sha256:\S+ and sha256:\S+ both have a file same\.raw$/) as string,
    });
  });

  it('more images than anybody has, unread', async () => {
    const platform = { os: 'qemu', architecture: 'amd64' };
    const artifactType = 'application/vnd.diskimage.raw';
    const manifests = Array.from({ length: 1001 }, (_, number) => {
      return { mediaType: mediaTypes.manifest, digest: digestOf(String(number)), size: 9, artifactType, platform };
    });
    const text = canonicalJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests });
    {
      // A registry would want to have them.
      await using store = await openLayoutForWriting(scene.work.oci);
      await store.setTags(['many'], await store.putManifest(text, mediaTypes.index));
    }
    await expect(pull(['qemu'], { reference: 'many' })).rejects.toMatchObject({
      code: 'DISK_IMAGES_TOO_MANY',
      message: 'there are 1001 disk images; at most 1000 are looked at',
    });
  });
});

describe('signatures', () => {
  const passphrase = async () => 'secret';

  it('are what a policy asks for: of the container, and of the image', async () => {
    const { root } = scene.work;
    await generateKeys(root, 'release', passphrase);
    const signedBy = [
      { type: 'sigstoreSigned', keyPath: join(root, 'release.pub'), signedIdentity: { type: 'matchRepository' } },
    ];
    await writeFile(join(root, 'policy.json'), JSON.stringify({ default: signedBy }));
    await push('qemu', 'a disk');
    const refused = { code: 'SIGNATURE_REQUIRED', exitStatus: 4 };
    await expect(pull(['qemu'])).rejects.toMatchObject(refused);
    const signing = { directory: root, key: 'release.key', passphrase };
    await signImage(session, { ...signing, reference: `${scene.repository}:13.1` });
    await expect(pull(['qemu'])).rejects.toMatchObject(refused);
    await signImage(session, { ...signing, reference: `${scene.repository}:13.1-disks` });
    expect((await pull(['qemu'])).images).toMatchObject([{ platform: 'qemu' }]);
  });

  it('come with a provenance, and verifying asks for both', async () => {
    const { root } = scene.work;
    await generateKeys(root, 'release', passphrase);
    await push('qemu', 'a disk', { generator: 'cosa 1.2.3' });
    const reference = `${scene.repository}:13.1-disks`;
    await signImage(session, { directory: root, key: 'release.key', passphrase, reference });
    const verified = await verifyImage(session, { directory: root, reference, key: 'release.pub' });
    expect(verified.diskImages).toMatchObject([
      { platform: 'qemu', container, builder: expect.stringMatching(/cosa 1\.2\.3$/) },
    ]);
  });

  it('of disk images say nothing of what else an index names', async () => {
    const { root } = scene.work;
    await generateKeys(root, 'release', passphrase);
    await push('qemu', 'a disk');
    const signing = { directory: root, key: 'release.key', passphrase };
    await signImage(session, { ...signing, reference: `${scene.repository}:13.1-disks` });
    const disks = await readIndex(repository, (await repository.resolveTag('13.1-disks')) as Descriptor);
    const other = (await repository.resolveTag('13.1')) as Descriptor;
    const platform = { os: 'linux', architecture: 'amd64' };
    const manifests = [...disks.manifests, { ...other, platform }];
    const mixed = canonicalJson({
      schemaVersion: 2,
      mediaType: mediaTypes.index,
      manifests: manifests.map(({ mediaType, digest, size, artifactType, platform: of }) => {
        return { mediaType, digest, size, artifactType, platform: of && { os: of.os, architecture: of.architecture } };
      }),
    });
    await repository.setTags(['mixed'], await repository.putManifest(mixed, mediaTypes.index));
    const reference = `${scene.repository}:mixed`;
    const verify = () => verifyImage(session, { directory: root, reference, key: 'release.pub' });
    await expect(verify()).rejects.toMatchObject({ code: 'SIGNATURE_REQUIRED', exitStatus: 4 });
    await signImage(session, { ...signing, reference });
    expect((await verify()).diskImages).toMatchObject([{ platform: 'qemu' }]);
  });
});
