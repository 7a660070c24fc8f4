import { appendFile, mkdir, mkdtemp, open, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../../src/exec/run.ts';
import { tools } from '../../../src/exec/tools.ts';
import { buildImages } from '../../../src/flows/image/build.ts';
import { digestFile } from '../../../src/lib/digest.ts';
import type { PipelineEvent } from '../../../src/progress/events.ts';
import type { Session } from '../../../src/workspace/session.ts';
import { makeTestContainer, type TestContainer } from '../../helpers/container.ts';
import { makeOsTree, type OsTree } from '../../helpers/os-tree.ts';
import { silentSession } from '../../helpers/session.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-image-'));
});
afterAll(() => rm(base, { recursive: true }));

let events: PipelineEvent[];
let session: Session;
beforeEach(() => {
  events = [];
  session = { ...silentSession(), events: (event) => void events.push(event) };
});

const finished = () =>
  events.flatMap((event) =>
    event.type === 'step-finished' ? [`${event.title}${event.cached ? ' (cached)' : ''}`] : [],
  );

let count = 0;
/** A new directory with a container in `oci/`. */
async function workDirectory(tree: OsTree = {}, container: Partial<TestContainer> = {}): Promise<string> {
  const directory = join(base, String(count++));
  await makeOsTree(join(directory, 'tree'), tree);
  await makeTestContainer({
    layout: join(directory, 'oci'),
    tag: 'stable',
    root: join(directory, 'tree'),
    ...container,
  });
  return directory;
}

describe('buildImages', () => {
  it('makes a disk that stands the checks of its tools, with a record beside it', async () => {
    const directory = await workDirectory();
    const { images } = await buildImages(session, { directory, platforms: ['qemu'], from: 'stable' });
    const [image] = images;
    if (image === undefined) throw new Error('no image');
    expect(image.path).toBe(join(directory, 'images/1.0/test-os-1.0-qemu.x86_64.qcow2'));
    await run(tools.qemuImg, ['check', image.path]);
    const { digest, size } = await digestFile(image.path);
    expect(image.record).toMatchObject({
      files: [{ role: 'disk', name: basename(image.path), size, sha256: digest.slice(7) }],
      version: '1.0',
      format: 'qcow2',
      'disk-size': 2 ** 30,
      'host-tools': [],
    });
    expect(JSON.parse(await readFile(`${image.path}.json`, 'utf8'))).toEqual(image.record);
    expect((await readdir(join(directory, 'images/1.0'))).length).toBe(2);
  });

  it('gives the same bytes in another directory, at another time', async () => {
    const sums: string[] = [];
    for (let round = 0; round < 2; round++) {
      const directory = await workDirectory();
      const { images } = await buildImages(session, { directory, platforms: ['qemu'], from: 'stable' });
      sums.push(...images.map(({ record }) => record.files[0]?.sha256 ?? ''));
    }
    expect(sums.length).toBe(2);
    expect(new Set(sums).size).toBe(1);
  });

  it('does not make again what is there, and makes again what is not whole', async () => {
    const directory = await workDirectory();
    const options = { directory, platforms: ['qemu', 'qemu'], from: 'stable' };
    const [first] = (await buildImages(session, options)).images;
    if (first === undefined) throw new Error('no image');
    const { mtimeMs } = await stat(first.path);
    events.length = 0;
    expect((await buildImages(session, options)).images).toEqual([first]);
    expect(finished()).toEqual(['make qemu image (cached)']);
    expect((await stat(first.path)).mtimeMs).toBe(mtimeMs);

    await appendFile(first.path, 'x');
    events.length = 0;
    expect((await buildImages(session, options)).images).toEqual([first]);
    expect(finished()).toEqual(['make base disk (cached)', 'make qemu image']);

    // A flipped byte of the same size and time.
    const { size, atime, mtime } = await stat(first.path);
    await using handle = await open(first.path, 'r+');
    await handle.write(Buffer.from([0xff]), 0, 1, size - 1000);
    await utimes(first.path, atime, mtime);
    events.length = 0;
    expect((await buildImages(session, options)).images).toEqual([first]);
    expect(finished()).toEqual(['make base disk (cached)', 'make qemu image']);
    expect(events).toContainEqual({
      type: 'warning',
      message: `${first.path} is made anew: it is not the file that was written there`,
      hint: undefined,
    });
    expect((await digestFile(first.path)).digest).toBe(`sha256:${first.record.files[0]?.sha256}`);

    await writeFile(`${first.path}.json`, '{}');
    expect((await buildImages(session, options)).images).toEqual([first]);
  });

  it('makes everything anew without the cache, with the same bytes, and keeps nothing there', async () => {
    const directory = await workDirectory();
    const options = { directory, platforms: ['qemu', 'metal4k'], from: 'stable' };
    const { images } = await buildImages(session, { ...options, cache: false });
    expect(await readdir(join(directory, 'cache')).then((names) => names.sort())).toEqual(['checksums', 'images.lock']);
    events.length = 0;
    expect((await buildImages(session, { ...options, cache: false })).images).toEqual(images);
    expect(finished().sort()).toEqual([
      'make base disk',
      'make base disk (4096 byte sectors)',
      'make metal4k image',
      'make qemu image',
    ]);
    expect(await readdir(join(directory, 'images'))).toEqual(['1.0']);
  });

  it('makes the images that image.json names, compressed as it says', async () => {
    const directory = await workDirectory({
      imageConfig: {
        rootfs: 'ext4',
        size: 1,
        platforms: ['metal', 'aws'],
        compressor: 'zstd',
        'aws-volume-type': 'io2',
      },
    });
    const { images } = await buildImages(session, { directory, platforms: [], from: 'stable', compress: 'auto' });
    expect(images.map(({ record }) => record.format)).toEqual(['raw.zst', 'vmdk']);
    expect(images[1]?.record.aws).toEqual({
      'imdsv2-only': true,
      'volume-type': 'io2',
      'boot-mode': 'uefi-preferred',
    });
  });

  it('says what a first boot will find no Ignition for', async () => {
    const directory = await workDirectory();
    const { images } = await buildImages(session, { directory, platforms: ['qemu'], from: 'stable' });
    expect(images[0]?.record.ignition).toEqual({ platform: 'qemu', support: 'missing' });
    expect(events).toContainEqual({
      type: 'warning',
      message: 'the container has no Ignition: the first boot of qemu configures nothing',
      hint: 'it was looked for as /usr/lib/dracut/modules.d/30ignition/ignition',
    });
  });

  it('says which platforms the container’s Ignition does not know, and what their disks say', async () => {
    const program = 'internal/providers/qemu.FetchConfig\0internal/providers/openstack.FetchConfig\0';
    const directory = await workDirectory({ files: { 'usr/lib/dracut/modules.d/30ignition/ignition': program } });
    const platforms = ['qemu', 'vultr', 'proxmoxve'];
    const { images } = await buildImages(session, { directory, platforms, from: 'stable' });
    expect(images.map(({ record }) => record.ignition)).toEqual([
      { platform: 'qemu', support: 'known' },
      { platform: 'metal', support: 'fallback' },
      { platform: 'openstack', support: 'fallback' },
    ]);
    expect(events.flatMap((event) => (event.type === 'warning' ? [event.message] : []))).toEqual([
      'the Ignition in the container does not know vultr: its disk says metal',
      'the Ignition in the container does not know proxmoxve: its disk says openstack',
    ]);
  });

  it('makes compressed images, and removes what a killed build has left', async () => {
    const directory = await workDirectory();
    const output = join(directory, 'out');
    const options = { directory, platforms: ['qemu'], from: 'stable', output };
    const [plain] = (await buildImages(session, options)).images;
    const name = 'test-os-1.0-qemu.x86_64.qcow2';
    await mkdir(join(output, '.cosa-abcdef'));
    await writeFile(join(output, '.cosa-abcdef/image'), 'left over');
    for (const [compress, extension] of [
      ['zstd', 'zst'],
      ['gzip', 'gz'],
      ['xz', 'xz'],
    ] as const) {
      const [image] = (await buildImages(session, { ...options, compress })).images;
      expect(image?.record).toMatchObject({
        format: `qcow2.${extension}`,
        files: [
          {
            name: `${name}.${extension}`,
            'uncompressed-sha256': plain?.record.files[0]?.sha256,
            'uncompressed-size': plain?.record.files[0]?.size,
          },
        ],
      });
    }
    expect((await readdir(output)).filter((file) => file.startsWith('.'))).toEqual([]);
  });

  it.each(['/proc', '/proc/x', '/etc/passwd'])('refuses to write to %s before it reads anything', async (output) => {
    const directory = await workDirectory();
    const options = { directory, platforms: ['qemu'], from: 'stable', output };
    await expect(buildImages(session, options)).rejects.toMatchObject({ code: 'DIRECTORY_UNUSABLE', exitStatus: 2 });
    expect(finished()).toEqual([]);
  });

  const link = (path: string, target = '/etc/passwd') => ({ links: { [path]: target } });
  it.each<[string, OsTree, Partial<TestContainer>, object]>([
    [
      'no kernel',
      { kernel: false },
      {},
      {
        code: 'CONTAINER_KERNEL',
        exitStatus: 4,
        message: 'the container has no kernel: /usr/lib/modules/*/vmlinuz with initramfs.img beside it',
      },
    ],
    [
      'two kernels',
      { files: { 'usr/lib/modules/5/vmlinuz': '', 'usr/lib/modules/5/initramfs.img': '' } },
      {},
      {
        code: 'CONTAINER_KERNEL',
        message: expect.stringMatching(/^the container has 2 kernels, and one is expected: /) as string,
      },
    ],
    [
      'a linked kernel',
      link('usr/lib/modules/6.12.0-test/vmlinuz'),
      {},
      { code: 'CONTAINER_PATH', message: '/usr/lib/modules/6.12.0-test/vmlinuz in the container is a symbolic link' },
    ],
    ['no /usr/etc', link('usr/etc', '/etc'), {}, { code: 'CONTAINER_PATH' }],
    [
      'a linked image.json',
      link('usr/share/coreos-assembler/image.json'),
      {},
      {
        code: 'IMAGE_CONFIG_INVALID',
        message: '/usr/share/coreos-assembler/image.json in the container: it is a symbolic link',
      },
    ],
    [
      'no boot loader',
      { boot: false },
      {},
      {
        code: 'BOOT_LOADER_MISSING',
        exitStatus: 4,
        message:
          "the container has no boot loader for UEFI: /usr/lib/coreos-assembler/boot/efi, or a distribution's shim and GRUB",
      },
    ],
    [
      'a linked boot loader',
      link('usr/lib/coreos-assembler/boot/efi/EFI/BOOT/grubx64.efi'),
      {},
      { code: 'CONTAINER_PATH' },
    ],
    ['an odd name on the ESP', { files: { 'usr/lib/coreos-assembler/boot/efi/c:x': '' } }, {}, { code: 'ESP_NAME' }],
    [
      'an unknown filesystem',
      { imageConfig: { rootfs: 'ext3', size: 1 } },
      {},
      {
        code: 'FILESYSTEM_UNKNOWN',
        exitStatus: 2,
        message: 'image.json: "rootfs" is "ext3", which this program cannot write',
        hint: 'did you mean "ext4"?',
      },
    ],
    [
      'options of its own',
      { imageConfig: { rootfs: 'ext4', size: 1, 'rootfs-args': '-d /root' } },
      {},
      {
        code: 'FILESYSTEM_OPTION',
        message: 'image.json: "rootfs-args" has "-d /root", which is not permitted for ext4',
      },
    ],
    ['a bad version', {}, { labels: { 'org.opencontainers.image.version': '../../x' } }, { code: 'NAME_INVALID' }],
    ['a bad name', {}, { labels: { 'com.coreos.osname': '-x' } }, { code: 'NAME_INVALID' }],
    [
      'another architecture',
      {},
      { architecture: 's390x' },
      { code: 'ARCHITECTURE_UNSUPPORTED', message: 'the container is for s390x; disks can be made for amd64, arm64' },
    ],
  ])('refuses a container with %s, and leaves nothing', async (_, tree, container, error) => {
    const directory = await workDirectory(tree, container);
    await expect(
      buildImages(session, { directory, platforms: ['qemu'], from: 'stable', output: 'out' }),
    ).rejects.toMatchObject(error);
    expect(await readdir(join(directory, 'out')).catch(() => [])).toEqual([]);
  });

  it.each([
    [
      { platforms: ['qmeu'], from: 'stable' },
      { code: 'PLATFORM_UNKNOWN', exitStatus: 2, hint: 'did you mean "qemu"?' },
    ],
    [
      { platforms: ['qemu'], from: 'stabel' },
      { code: 'TAG_UNKNOWN', exitStatus: 2 },
    ],
    [{ platforms: ['qemu'] }, { code: 'WORK_DIRECTORY_MISSING', exitStatus: 2 }],
  ])('refuses %j', async (options, error) => {
    const directory = await workDirectory();
    await expect(buildImages(session, { directory, ...options })).rejects.toMatchObject(error);
  });
});
