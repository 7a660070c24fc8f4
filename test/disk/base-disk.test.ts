import { mkdir, mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BaseDisk } from '../../src/disk/base-disk/types.ts';
import { makeBaseDisk, openBaseDisk } from '../../src/disk/base-disk.ts';
import type { SectorSize } from '../../src/disk/partitions/gpt.ts';
import { mebibyte } from '../../src/disk/partitions/region.ts';
import { planDisk } from '../../src/disk/partitions.ts';
import { platformDisk } from '../../src/disk/platform-disk.ts';
import type { DiskSource } from '../../src/disk/source.ts';
import { run } from '../../src/exec/run.ts';
import type { Tool } from '../../src/exec/tools.ts';
import type { ArchitectureName } from '../../src/lib/architecture.ts';
import { sha256Hex } from '../../src/lib/digest.ts';
import { type Image, readImage } from '../../src/oci/image.ts';
import { openLayout } from '../../src/oci/layout.ts';
import type { ContentReader } from '../../src/oci/store.ts';
import { silentReporter } from '../../src/progress/reporter.ts';
import { makeTestContainer } from '../helpers/container.ts';
import { makeOsTree, type OsTree } from '../helpers/os-tree.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-base-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const checker = (name: string, deb: string): Tool => ({ name, packages: { deb, rpm: deb }, purpose: 'checks disks' });
const sgdisk = checker('sgdisk', 'gdisk');
const e2fsck = checker('e2fsck', 'e2fsprogs');
const fsckFat = checker('fsck.fat', 'dosfstools');
const mtype = checker('mtype', 'mtools');

const layoutPath = () => join(directory, 'oci');

/** A small operating system's container. */
async function container(tree: OsTree = {}): Promise<{ reader: ContentReader; image: Image }> {
  const root = join(directory, 'tree');
  await makeOsTree(root, { ...tree, files: { 'usr/etc/sub/config': 'config\n', ...tree.files } });
  const descriptor = await makeTestContainer({
    layout: layoutPath(),
    tag: 'test',
    root,
    layers: 3,
    compression: 'zstd',
  });
  await rm(root, { recursive: true });
  const reader = await openLayout(layoutPath());
  return { reader, image: await readImage(reader, descriptor) };
}

interface Made {
  sectorSize?: SectorSize;
  architecture?: ArchitectureName;
  signal?: AbortSignal;
}

async function makeBase(
  name: string,
  from: { reader: ContentReader; image: Image },
  made: Made = {},
): Promise<BaseDisk> {
  const { sectorSize = 512, architecture = 'x86_64', signal } = made;
  const path = join(directory, name);
  await mkdir(path);
  const digest = from.image.descriptor.digest;
  const described = { digest, name: 'test-os', version: '1.0', architecture, timestamp: 1_700_000_000 };
  await makeBaseDisk({ ...from, container: described, sectorSize }, path, silentReporter(signal));
  return openBaseDisk(path);
}

const boot = {
  name: 'qemu',
  ignitionPlatform: 'qemu',
  console: { kernel_arguments: ['console=ttyS0'], grub_commands: ['serial --speed=115200'] },
};
const never = new AbortController().signal;

async function writeDisk(disk: DiskSource, name: string): Promise<string> {
  const path = join(directory, name);
  await using file = await open(path, 'w');
  for (const { offset, length } of disk.extents) {
    const bytes = Buffer.alloc(length);
    await disk.read(offset, bytes);
    await file.write(bytes, 0, length, offset);
  }
  await truncate(path, disk.size);
  return path;
}

/** Copies a partition out of a disk. */
async function partitionOf(disk: string, base: BaseDisk, size: number | 'least', name: string): Promise<string> {
  const { container: described, sectorSize, rootBytes, partitions } = base;
  const plan = planDisk(partitions, { container: described.digest, sectorSize, size, rootBytes });
  const { offset, size: bytes } = plan.partition(name);
  const path = `${disk}-${name}`;
  await run(checker('dd', 'coreutils'), [
    ...[`if=${disk}`, `of=${path}`, 'bs=1M', `skip=${offset / mebibyte}`, `count=${bytes / mebibyte}`],
    ...['conv=sparse', 'status=none'],
  ]);
  return path;
}

const debugfs = async (filesystem: string, command: string) =>
  (await run(checker('debugfs', 'e2fsprogs'), ['-R', command, filesystem])).stdout;

describe("a base disk, and a platform's disk over it", () => {
  it.each([
    { sectorSize: 512, architecture: 'x86_64', size: 'least' },
    { sectorSize: 512, architecture: 'x86_64', size: 2048 * mebibyte },
    { sectorSize: 4096, architecture: 'x86_64', size: 'least' },
    { sectorSize: 512, architecture: 'aarch64', size: 1536 * mebibyte },
  ] as const)(
    'are sound: $architecture, sectors of $sectorSize bytes, $size',
    async ({ sectorSize, architecture, size }) => {
      const from = await container();
      await using base = await makeBase('base', from, { sectorSize, architecture });
      const disk = await platformDisk(base, boot, size, never);
      expect(disk.size).toBe(size === 'least' ? base.leastSize : size);
      const path = await writeDisk(disk, 'disk');
      // sgdisk takes a file's sectors for 512 bytes.
      if (sectorSize === 512) expect((await run(sgdisk, ['-v', path])).stdout).toContain('No problems found');

      const bootPath = await partitionOf(path, base, size, 'boot');
      const rootPath = await partitionOf(path, base, size, 'root');
      await run(e2fsck, ['-fn', bootPath]);
      await run(e2fsck, ['-fn', rootPath]);
      const esp = await partitionOf(path, base, size, 'EFI-SYSTEM');
      await run(fsckFat, ['-n', esp]);
      expect((await run(mtype, ['-i', esp, '::/EFI/BOOT/BOOTX64.EFI'])).stdout).toBe('shim');

      const bootChecksum = sha256Hex('kernelinitramfs');
      const deployment = `/ostree/deploy/test-os/deploy/${base.commit}.0`;
      expect(base).toMatchObject({ kernelRelease: '6.12.0-test', ignitionPlatforms: undefined });
      expect(await debugfs(bootPath, `cat /ostree/test-os-${bootChecksum}/vmlinuz-6.12.0-test`)).toBe('kernel');
      expect(await debugfs(rootPath, `cat ${deployment}/etc/sub/config`)).toBe('config\n');
      expect(await debugfs(rootPath, `cat ${deployment}.origin`)).toBe(
        `[origin]\nrefspec=${base.commit}\ncontainer-image-digest=${from.image.descriptor.digest}\n`,
      );
      expect(await debugfs(bootPath, 'cat /loader.1/entries/ostree-1.conf')).toBe(
        [
          'title Test OS 1 1.0 (ostree:0)',
          'version 1',
          `options rw root=LABEL=root $ignition_firstboot ignition.platform.id=qemu console=ttyS0 ostree=/ostree/boot.1/test-os/${bootChecksum}/0`,
          `linux /ostree/test-os-${bootChecksum}/vmlinuz-6.12.0-test`,
          `initrd /ostree/test-os-${bootChecksum}/initramfs-6.12.0-test.img`,
          '',
        ].join('\n'),
      );
      expect(await debugfs(bootPath, 'cat /grub/grub.cfg')).toContain('\nserial --speed=115200\n');
    },
  );

  it('starts by BIOS on x86_64 alone, and not from sectors of 4096 bytes', async () => {
    const from = await container();
    const bootCode = async (name: string, made: Made) => {
      await using base = await makeBase(name, from, made);
      return base.bootCode?.length;
    };
    expect(await bootCode('usual', {})).toBe(440);
    expect(await bootCode('4k', { sectorSize: 4096 })).toBeUndefined();
    expect(await bootCode('arm', { architecture: 'aarch64' })).toBeUndefined();
  });

  it('are the same bytes again', async () => {
    const from = await container();
    const bytes = async (name: string) => {
      await using base = await makeBase(name, from);
      return sha256Hex(await readFile(await writeDisk(await platformDisk(base, boot, 'least', never), `${name}.raw`)));
    };
    expect(await bytes('first')).toBe(await bytes('second'));
    expect(await readdir(join(directory, 'first'))).toEqual(['base.json', 'disk.raw']);
    expect(await readFile(join(directory, 'first/base.json'))).toEqual(
      await readFile(join(directory, 'second/base.json')),
    );
  });

  it('take what the container says of the platform', async () => {
    const imageConfig = {
      rootfs: 'ext4',
      'extra-kargs': ['quiet'],
      'ignition-network-kcmdline': ['ip=dhcp'],
      'container-imgref': 'ostree-unverified-registry:example.com/os:stable',
    };
    const platforms = { qemu: { kernel_arguments: ['console=hvc0'], grub_commands: ['terminal_output console'] } };
    const files = { 'usr/share/coreos-assembler/platforms.json': JSON.stringify(platforms) };
    await using base = await makeBase('base', await container({ imageConfig, files }));
    const path = await writeDisk(await platformDisk(base, boot, 'least', never), 'disk');
    const bootPath = await partitionOf(path, base, 'least', 'boot');
    expect(await debugfs(bootPath, 'cat /loader/entries/ostree-1.conf')).toContain(
      ' ignition.platform.id=qemu quiet console=hvc0 ostree=',
    );
    expect(await debugfs(bootPath, 'cat /grub/grub.cfg')).toContain('\nterminal_output console\n');
    expect(await debugfs(bootPath, 'cat /ignition.firstboot')).toBe('set ignition_network_kcmdline="ip=dhcp"\n');
    const rootPath = await partitionOf(path, base, 'least', 'root');
    expect(await debugfs(rootPath, `cat /ostree/deploy/test-os/deploy/${base.commit}.0.origin`)).toContain(
      '[origin]\ncontainer-image-reference=ostree-unverified-registry:example.com/os:stable\n',
    );
  });

  it("tell which platforms the container's Ignition knows", async () => {
    const files = { 'usr/lib/dracut/modules.d/30ignition/ignition': '\0internal/providers/aws.Fetch\0' };
    await using base = await makeBase('base', await container({ files }));
    expect(base.ignitionPlatforms).toEqual(['aws', 'metal']);
  });

  it('refuse arguments that the kernel would not read to their end', async () => {
    const imageConfig = {
      rootfs: 'ext4',
      'extra-kargs': Array.from({ length: 4 }, (_, index) => `x${index}=${'y'.repeat(500)}`),
    };
    await using base = await makeBase('base', await container({ imageConfig }));
    await expect(platformDisk(base, boot, 'least', never)).rejects.toMatchObject({
      code: 'KERNEL_ARGUMENTS_LENGTH',
      exitStatus: 4,
      message: expect.stringMatching(/^the kernel's arguments have 2\d{3} characters, and it reads 2047 of them$/),
    });
  });

  it('refuse a size that is too small', async () => {
    await using base = await makeBase('base', await container());
    await expect(platformDisk(base, boot, 512 * mebibyte, never)).rejects.toMatchObject({ code: 'DISK_TOO_SMALL' });
  });
});

describe('a disk of a container without anything for disks', () => {
  const loaders = (grub: string) => ({
    'usr/lib/shim/shimx64.efi.signed': 'shim',
    'usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed': grub,
    'usr/lib/os-release': 'ID=other\nPRETTY_NAME="Other 1"\n',
  });

  it.each([
    { grub: 'blscfg\0', menu: 'blscfg', loader: ['entries'], config: 'readonly=true\nbootloader=none\n' },
    { grub: 'GRUB', menu: 'source /loader/grub.cfg', loader: ['entries', 'grub.cfg'], config: 'readonly=true\n' },
  ])('has the defaults, and starts by UEFI; the menu comes from "$menu"', async ({ grub, menu, loader, config }) => {
    const base = await makeBase('base', await container({ imageConfig: null, boot: false, files: loaders(grub) }));
    await using _closed = base;
    expect(base.config).toMatchObject({ rootfs: 'ext4', size: 10, 'extra-kargs': [] });
    expect(base.bootCode).toBeUndefined();
    const disk = await writeDisk(await platformDisk(base, boot, 'least', never), 'disk');
    const esp = await partitionOf(disk, base, 'least', 'EFI-SYSTEM');
    const onEsp = async (path: string) => (await run(mtype, ['-i', esp, `::${path}`])).stdout;
    expect(await onEsp('EFI/BOOT/BOOTX64.EFI')).toBe('shim');
    expect(await onEsp('EFI/BOOT/grubx64.efi')).toBe(grub);
    expect(await onEsp('EFI/other/grub.cfg')).toMatch(/ --label boot\n(.*\n)*configfile \$prefix\/grub\.cfg\n$/);
    const bootPartition = await partitionOf(disk, base, 'least', 'boot');
    expect((await debugfs(bootPartition, 'cat /grub/grub.cfg')).trimEnd().split('\n').at(-1)).toBe(menu);
    const names = (await debugfs(bootPartition, 'ls -p /loader.1')).matchAll(/\/([a-z][^/]*)\/\d*\//g);
    expect([...names].map(([, name]) => name).sort()).toEqual(loader);
    const root = await partitionOf(disk, base, 'least', 'root');
    expect(await debugfs(root, 'cat /ostree/repo/config')).toContain(`[sysroot]\n${config}`);
  });
});

it('a disk of boot loaders that read entries has no menu beside them, and what bootupd is to know', async () => {
  const prepared = 'usr/lib/coreos-assembler/boot';
  const files = {
    [`${prepared}/boot.json`]: '{"reads-entries":true}',
    [`${prepared}/bootupd-state.json`]: '{"installed":{}}',
    [`${prepared}/efi/EFI/BOOT/fbx64.efi`]: 'fallback',
    [`${prepared}/efi/EFI/fedora/grubx64.efi`]: 'GRUB',
    [`${prepared}/efi/EFI/fedora/grub.cfg`]: 'configfile',
  };
  await using base = await makeBase('base', await container({ files }));
  expect(base.efiVendors).toEqual(['fedora']);
  const disk = await writeDisk(await platformDisk(base, boot, 'least', never), 'disk');
  const bootPartition = await partitionOf(disk, base, 'least', 'boot');
  const config = await debugfs(bootPartition, 'cat /grub2/grub.cfg');
  expect(config).toContain('set boot=$root\n');
  expect(config.trimEnd().split('\n').at(-1)).toBe('blscfg');
  expect(await debugfs(bootPartition, 'cat /bootupd-state.json')).toContain('{"installed":{}}');
  expect(await debugfs(bootPartition, 'ls -p /loader.1')).not.toContain('grub.cfg');
  const root = await partitionOf(disk, base, 'least', 'root');
  expect(await debugfs(root, 'cat /ostree/repo/config')).toContain('bootloader=none\n');
});

interface Hostile extends OsTree {
  name: string;
  code: string;
  message: string;
}

const modules = '/usr/lib/modules/6.12.0-test';

const hostile: Hostile[] = [
  {
    name: 'no kernel',
    kernel: false,
    files: { 'usr/lib/modules/x': '' },
    code: 'CONTAINER_KERNEL',
    message: 'the container has no kernel: /usr/lib/modules/*/vmlinuz with initramfs.img beside it',
  },
  {
    name: 'a kernel that is a link',
    links: { 'usr/lib/modules/6.12.0-test/vmlinuz': '/etc/shadow' },
    code: 'CONTAINER_PATH',
    message: `${modules}/vmlinuz in the container is a symbolic link`,
  },
  {
    name: 'an initramfs that is a link',
    links: { 'usr/lib/modules/6.12.0-test/initramfs.img': '../../x' },
    code: 'CONTAINER_PATH',
    message: `${modules}/initramfs.img in the container is a symbolic link`,
  },
  {
    name: 'no boot loaders',
    boot: false,
    code: 'BOOT_LOADER_MISSING',
    message:
      "the container has no boot loader for UEFI: /usr/lib/coreos-assembler/boot/efi, or a distribution's shim and GRUB",
  },
  {
    name: 'a boot loader that is a link',
    links: { 'usr/lib/coreos-assembler/boot/bios/core.img': '/dev/sda' },
    code: 'CONTAINER_PATH',
    message: '/usr/lib/coreos-assembler/boot/bios/core.img in the container is not a regular file',
  },
  {
    name: 'boot loaders that nobody describes',
    files: { 'usr/lib/coreos-assembler/boot/boot.json': '{"reads-entries":"yes"}' },
    code: 'CONTAINER_PATH',
    message:
      '/usr/lib/coreos-assembler/boot/boot.json in the container does not describe boot loaders: reads-entries: Invalid input: expected boolean, received string',
  },
  {
    name: 'a link on the ESP',
    links: { 'usr/lib/coreos-assembler/boot/efi/EFI/BOOT/x': '/etc/shadow' },
    code: 'CONTAINER_PATH',
    message: '/usr/lib/coreos-assembler/boot/efi/EFI/BOOT/x in the container is neither a file nor a directory',
  },
  {
    name: 'boot loaders behind a link',
    links: { 'usr/lib/coreos-assembler': '/etc' },
    code: 'CONTAINER_PATH',
    message: '/usr/lib/coreos-assembler in the container is not a directory',
  },
  {
    name: 'a boot image that is none',
    files: { 'usr/lib/coreos-assembler/boot/bios/boot.img': 'x' },
    code: 'BOOT_IMAGE_INVALID',
    message: "the container's boot.img is not a boot sector of GRUB",
  },
  {
    name: 'a boot image of more than a mebibyte',
    files: { 'usr/lib/coreos-assembler/boot/bios/core.img': 'x'.repeat(1024 * 1024 + 1) },
    code: 'CONTAINER_PATH',
    message: '/usr/lib/coreos-assembler/boot/bios/core.img in the container has 1048577 bytes; 1048576 are permitted',
  },
  {
    name: 'a second command in kernel arguments',
    imageConfig: { 'extra-kargs': ['quiet;configfile /evil'] },
    code: 'IMAGE_CONFIG_INVALID',
    message:
      '/usr/share/coreos-assembler/image.json in the container: "extra-kargs.0": must be one kernel argument of letters, digits and _.,:=/@%+~[]- alone: the boot loader reads others as its own',
  },
  {
    name: 'a command of GRUB that reads files',
    files: {
      'usr/share/coreos-assembler/platforms.json': JSON.stringify({ aws: { grub_commands: ['source /evil.cfg'] } }),
    },
    code: 'IMAGE_CONFIG_INVALID',
    message:
      '/usr/share/coreos-assembler/platforms.json in the container: "aws.grub_commands.0": must be serial, set, terminal_input or terminal_output with words of letters, digits and _.,:=/+- alone',
  },
  {
    name: 'an option of mkfs',
    imageConfig: { rootfs: 'ext4', 'rootfs-args': '-d /etc' },
    code: 'FILESYSTEM_OPTION',
    message: 'image.json: "rootfs-args" has "-d /etc", which is not permitted for ext4',
  },
  {
    name: 'a filesystem of whatever kind',
    imageConfig: { rootfs: 'ext3' },
    code: 'FILESYSTEM_UNKNOWN',
    message: 'image.json: "rootfs" is "ext3", which this program cannot write',
  },
  {
    name: 'a menu that clears the screen',
    files: { 'usr/lib/os-release': 'PRETTY_NAME="\u001b[2J"\n' },
    code: 'NAME_INVALID',
    message: 'the boot menu cannot show "\\u001b[2J 1.0 (ostree:0)"',
  },
  {
    name: 'no os-release',
    links: { 'usr/lib/os-release': '/proc/version' },
    code: 'CONTAINER_PATH',
    message: 'the container has neither /usr/lib/os-release nor /usr/etc/os-release as a file',
  },
];

describe('makeBaseDisk refuses', () => {
  it.each(hostile)('$name', async ({ name: _name, code, message, ...tree }) => {
    await expect(makeBase('base', await container(tree))).rejects.toMatchObject({ message, code });
  });

  it('a kernel that its partition has no room for', async () => {
    const layout = { boot: { size: '128 MiB' } };
    const files = {
      'usr/share/coreos-assembler/disk.json': JSON.stringify(layout),
      'usr/lib/modules/6.12.0-test/initramfs.img': 'x'.repeat(140 * mebibyte),
    };
    await expect(makeBase('base', await container({ files }))).rejects.toMatchObject({
      code: 'FILESYSTEM_FULL',
      message: 'the boot filesystem needs more, and its partition has 134217728 bytes (128 MiB)',
      hint: 'give the partition a larger "size" in disk.yaml, and build the container again',
    });
  });

  it('to go on when it is told to stop', async () => {
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    await expect(makeBase('base', await container(), { signal: stop.signal })).rejects.toThrow('stopped');
  });
});

describe('openBaseDisk', () => {
  it('refuses what another version has left', async () => {
    await using base = await makeBase('base', await container());
    const path = join(directory, 'base/base.json');
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), sectorSize: 520 }));
    await expect(openBaseDisk(join(directory, 'base'))).rejects.toMatchObject({
      code: 'DISK_INVALID',
      message: expect.stringContaining(`${path} does not describe a base disk: sectorSize: `),
    });
    expect(base.sectorSize).toBe(512);
  });
});
