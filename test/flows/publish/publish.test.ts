import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiskImageRecord } from '../../../src/disk/record.ts';
import { run } from '../../../src/exec/run.ts';
import { pushImages } from '../../../src/flows/image/push.ts';
import { publish } from '../../../src/flows/publish/publish.ts';
import type { Digest } from '../../../src/lib/digest.ts';
import { sha256Hex } from '../../../src/lib/digest.ts';
import { parsePublishedImages } from '../../../src/publish/published-images.ts';
import { diskImageRecord, writeDiskImage } from '../../helpers/disk-image.ts';
import { gpgKeyring } from '../../helpers/gpg-keyring.ts';
import { silentSession } from '../../helpers/session.ts';
import { requestsOf } from '../../helpers/testing-registry/log.ts';
import { build, openScene, type Scene } from '../container/transfer/support.ts';

const session = silentSession();

let scene: Scene;
let container: Digest;
let root: string;
let build131: string;
beforeEach(async () => {
  scene = await openScene();
  container = (await build(scene.work, '13.1', ['one', 'two'])).digest;
  root = await mkdtemp(join(tmpdir(), 'cosa-published-'));
  build131 = join(root, 'prod/streams/testing/builds/13.1/x86_64');
});
afterEach(async () => {
  await scene[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

function make(platform: string, content: string, changes: Partial<DiskImageRecord> = {}): Promise<string> {
  const record = diskImageRecord(container, content, { platform, ...changes });
  return writeDiskImage(join(scene.work.images, '13.1'), record, content);
}

function publishAll(changes: Partial<Parameters<typeof publish>[1]> = {}, using = session) {
  return publish(using, {
    directory: scene.work.root,
    store: pathToFileURL(root).href,
    options: {},
    architecture: 'x86_64',
    platforms: [],
    dryRun: false,
    ...changes,
  });
}

const published = async () =>
  parsePublishedImages(await readFile(join(build131, 'images.json'), 'utf8'), 'images.json');
const actions = ({ images }: Awaited<ReturnType<typeof publish>>) =>
  images.flatMap(({ files }) => files.map(({ name, action }) => `${action} ${name}`));

describe('publish', () => {
  it('brings images with their checksums, and says in the end what is there', async () => {
    await make('qemu', 'a disk');
    await make('metal', 'another', { format: 'raw.xz' });
    const result = await publishAll();
    expect(result).toMatchObject({
      stream: 'testing',
      version: '13.1',
      architecture: 'x86_64',
      container,
      changed: true,
    });
    expect(result.where).toBe(pathToFileURL(build131).href);
    expect((await readdir(build131)).sort()).toEqual([
      'SHA256SUMS',
      'example-13.1-metal.x86_64.raw.xz',
      'example-13.1-qemu.x86_64.qcow2',
      'images.json',
    ]);
    await run(
      { name: 'sha256sum', packages: { deb: 'coreutils', rpm: 'coreutils' }, purpose: 'checks' },
      ['--check', '--strict', 'SHA256SUMS'],
      { cwd: build131 },
    );
    expect(await published()).toMatchObject({
      'schema-version': '1.0.0',
      name: 'default',
      stream: 'testing',
      version: '13.1',
      architecture: 'x86_64',
      container: { digest: container },
      images: [
        { platform: 'metal', format: 'raw.xz', files: [{ sha256: sha256Hex('another'), size: 7 }] },
        {
          platform: 'qemu',
          format: 'qcow2',
          'disk-size': 1024,
          files: [{ sha256: sha256Hex('a disk'), role: 'disk' }],
        },
      ],
    });
  });

  it('changes nothing the second time, and adds what is new', async () => {
    await make('qemu', 'a disk');
    await publishAll();
    const before = await stat(join(build131, 'images.json'), { bigint: true });
    const again = await publishAll();
    expect(again.changed).toBe(false);
    expect(actions(again)).toEqual(['none example-13.1-qemu.x86_64.qcow2']);
    expect((await stat(join(build131, 'images.json'), { bigint: true })).mtimeNs).toBe(before.mtimeNs);
    await make('metal', 'another', { format: 'raw' });
    expect(actions(await publishAll({ dryRun: true }))).toContain('publish example-13.1-metal.x86_64.raw');
    expect(await readdir(build131)).toHaveLength(3);
    expect((await publishAll()).changed).toBe(true);
    expect((await published()).images.map(({ platform }) => platform)).toEqual(['metal', 'qemu']);
    expect(await readFile(join(build131, 'SHA256SUMS'), 'utf8')).toBe(
      `${sha256Hex('another')}  example-13.1-metal.x86_64.raw\n${sha256Hex('a disk')}  example-13.1-qemu.x86_64.qcow2\n`,
    );
  });

  it('publishes only what is named', async () => {
    await make('qemu', 'a disk');
    await make('metal', 'another', { format: 'raw' });
    await publishAll({ platforms: ['metal'] });
    expect((await published()).images.map(({ platform }) => platform)).toEqual(['metal']);
  });

  it('refuses another content under the same version, and leaves what is there', async () => {
    await make('qemu', 'a disk');
    await publishAll();
    await make('qemu', 'A DISK');
    await expect(publishAll()).rejects.toMatchObject({
      code: 'PUBLISHED_DIFFERS',
      exitStatus: 4,
      message: `${pathToFileURL(build131).href}: example-13.1-qemu.x86_64.qcow2 is published with the checksum ${sha256Hex('a disk')}, and not ${sha256Hex('A DISK')}`,
    });
    expect(await readFile(join(build131, 'example-13.1-qemu.x86_64.qcow2'), 'utf8')).toBe('a disk');
  });

  it('refuses another container under the same version', async () => {
    await make('qemu', 'a disk');
    await publishAll();
    const other = (await build(scene.work, '13.1', ['one', 'three'])).digest;
    const before = container;
    container = other;
    await make('qemu', 'a disk');
    await expect(publishAll()).rejects.toMatchObject({
      code: 'PUBLISHED_DIFFERS',
      message: `${pathToFileURL(build131).href}: it is published with the container ${before}, and not ${other}`,
    });
  });

  it('refuses a customized image, and takes no notice of one that is not asked for', async () => {
    await make('qemu', 'with a secret', { customized: { of: 'x' } });
    await expect(publishAll({ platforms: ['qemu'] })).rejects.toMatchObject({
      code: 'DISK_IMAGE_CUSTOMIZED',
      exitStatus: 2,
    });
    await expect(publishAll()).rejects.toMatchObject({ code: 'DISK_IMAGE_MISSING', exitStatus: 2 });
    await make('metal', 'a disk');
    await publishAll();
    expect((await published()).images.map(({ platform }) => platform)).toEqual(['metal']);
  });

  it('publishes nothing of a file that is not what its record says', async () => {
    const path = await make('qemu', 'a disk');
    await writeFile(path, 'b disk');
    await expect(publishAll()).rejects.toMatchObject({ code: 'UPLOAD_SOURCE_CHANGED', exitStatus: 4 });
    expect(await readdir(build131).catch(() => [])).toEqual([]);
  });

  it('never overwrites what it cannot read', async () => {
    await make('qemu', 'a disk');
    await publishAll();
    for (const [text, code] of [
      ['{"schema-version": "2.0.0"}', 'PUBLISHED_NEWER'],
      ['<html>', 'PUBLISHED_INVALID'],
    ] as const) {
      await writeFile(join(build131, 'images.json'), text);
      await make('metal', 'another', { format: 'raw' });
      await expect(publishAll()).rejects.toMatchObject({ code, exitStatus: 4 });
      expect(await readFile(join(build131, 'images.json'), 'utf8')).toBe(text);
    }
  });

  it('passes on what lies in a registry, and says where the container is', async () => {
    await make('qemu', 'a disk');
    await pushImages(session, {
      directory: scene.work.root,
      names: [],
      destination: scene.repository,
      architecture: 'x86_64',
    });
    await rm(scene.work.images, { recursive: true });
    const result = await publishAll({ from: `${scene.repository}:13.1` });
    expect(actions(result)).toEqual(['publish example-13.1-qemu.x86_64.qcow2']);
    expect((await published()).container.image).toBe(`${scene.registry.host}/os/example`);
    const blob = `sha256:${sha256Hex('a disk')}`;
    const downloads = () => requestsOf(scene.registry.log, { method: 'GET', path: new RegExp(`blobs/${blob}`) }).length;
    expect(downloads()).toBe(1);
    await publishAll({ from: `${scene.repository}:13.1` });
    expect(downloads()).toBe(1);
    await expect(publishAll({ from: `${scene.repository}:13.1`, platforms: ['metal'] })).rejects.toMatchObject({
      code: 'DISK_IMAGE_MISSING',
      message: expect.stringContaining('no disk image for metal') as string,
    });
  });

  it('asks for a stream where the container has none', async () => {
    container = (await build(scene.work, '13.1', ['one'], { labels: { 'com.coreos.stream': '' } })).digest;
    await make('qemu', 'a disk');
    await expect(publishAll()).rejects.toMatchObject({
      code: 'PUBLISH_STREAM',
      exitStatus: 2,
      message: `the container ${container} belongs to no stream`,
    });
    expect((await publishAll({ stream: 'stable' })).stream).toBe('stable');
  });

  it('refuses a stream and a platform that can be none', async () => {
    await make('qemu', 'a disk');
    await expect(publishAll({ stream: '../x' })).rejects.toMatchObject({ code: 'STORE_KEY', exitStatus: 4 });
    await expect(publishAll({ platforms: ['qemo'] })).rejects.toMatchObject({
      code: 'PLATFORM_UNKNOWN',
      exitStatus: 2,
    });
  });
});

describe('signatures', () => {
  it('are those that gpg verifies, of each file and of the list', async () => {
    await using keyring = await gpgKeyring();
    const signing = { ...session, stores: { environment: { GNUPGHOME: keyring.home } } };
    await make('qemu', 'a disk');
    await expect(publishAll({ gpgKey: 'nobody@example.com' }, signing)).rejects.toMatchObject({
      code: 'GPG_KEY_MISSING',
      exitStatus: 2,
      message: 'gpg has no secret key "nobody@example.com"',
    });
    // First without: they can be added.
    await publishAll();
    expect(actions(await publishAll({ gpgKey: keyring.key }, signing))).toEqual([
      'sign example-13.1-qemu.x86_64.qcow2',
    ]);
    await make('metal', 'another', { format: 'raw' });
    await publishAll({ gpgKey: keyring.key }, signing);
    for (const name of ['example-13.1-qemu.x86_64.qcow2', 'example-13.1-metal.x86_64.raw', 'SHA256SUMS']) {
      await keyring.verify(join(build131, `${name}.sig`), join(build131, name));
    }
    const { images } = await published();
    expect(images.flatMap(({ files }) => files.map(({ signature }) => signature))).toEqual([
      'example-13.1-metal.x86_64.raw.sig',
      'example-13.1-qemu.x86_64.qcow2.sig',
    ]);
    expect((await publishAll({ gpgKey: keyring.key }, signing)).changed).toBe(false);
    // A list that changed without a key has none that would not fit.
    await make('aws', 'a third', { format: 'vmdk' });
    await publishAll();
    expect(await readdir(build131)).not.toContain('SHA256SUMS.sig');
  });
});
