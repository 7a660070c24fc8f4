import { mkdir, mkdtemp, open, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { BaseDisk } from '../../../src/disk/base-disk/types.ts';
import { makeBaseDisk, openBaseDisk } from '../../../src/disk/base-disk.ts';
import { mebibyte } from '../../../src/disk/partitions/region.ts';
import { planDisk } from '../../../src/disk/partitions.ts';
import { platformDisk } from '../../../src/disk/platform-disk.ts';
import { mountImage } from '../../../src/exec/mounted-image.ts';
import { isRealRoot } from '../../../src/exec/namespace.ts';
import { run } from '../../../src/exec/run.ts';
import { type Tool, tools } from '../../../src/exec/tools.ts';
import { readImage } from '../../../src/oci/image.ts';
import { openLayout } from '../../../src/oci/layout.ts';
import { silentReporter } from '../../../src/progress/reporter.ts';
import { makeTestContainer } from '../../helpers/container.ts';
import { makeOsTree } from '../../helpers/os-tree.ts';

// Disks of a container with a disk.json, and with a root that a program of the host makes.

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-layout-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const tool = (name: string, deb: string): Tool => ({ name, packages: { deb, rpm: deb }, purpose: 'checks disks' });

async function baseDisk(rootfs: string, layout: unknown): Promise<BaseDisk> {
  const root = join(directory, 'tree');
  const files = { 'usr/share/coreos-assembler/disk.json': JSON.stringify(layout) };
  await makeOsTree(root, { imageConfig: { rootfs, size: 3 }, files });
  const oci = join(directory, 'oci');
  const descriptor = await makeTestContainer({ layout: oci, tag: 'test', root, layers: 2, compression: 'zstd' });
  const reader = await openLayout(oci);
  const image = await readImage(reader, descriptor);
  const described = { digest: descriptor.digest, name: 'test-os', version: '1.0', timestamp: 1_700_000_000 };
  const path = join(directory, 'base');
  await mkdir(path);
  const container = { ...described, architecture: 'x86_64' } as const;
  await makeBaseDisk({ reader, image, container, sectorSize: 512 }, path, silentReporter());
  // Nothing temporary is left beside the disk.
  expect((await readdir(path)).sort()).toEqual(['base.json', 'disk.raw']);
  return openBaseDisk(path);
}

/** Writes a disk for a platform. @returns its file, and copies of its partitions */
async function diskFile(base: BaseDisk, size: number) {
  const signal = new AbortController().signal;
  const boot = { name: 'qemu', ignitionPlatform: 'qemu', console: { kernel_arguments: [], grub_commands: [] } };
  const disk = await platformDisk(base, boot, size, signal);
  const path = join(directory, 'disk');
  await using file = await open(path, 'w');
  for (const { offset, length } of disk.extents) {
    const bytes = Buffer.alloc(length);
    await disk.read(offset, bytes);
    await file.write(bytes, 0, length, offset);
  }
  await truncate(path, disk.size);
  const { container, sectorSize, rootBytes, partitions } = base;
  const plan = planDisk(partitions, { container: container.digest, sectorSize, size, rootBytes });
  const partition = async (name: string) => {
    const region = plan.partition(name);
    const copy = join(directory, `partition-${name}`);
    const range = [`skip=${region.offset / mebibyte}`, `count=${region.size / mebibyte}`];
    await run(tool('dd', 'coreutils'), [`if=${path}`, `of=${copy}`, 'bs=1M', ...range, 'conv=sparse', 'status=none']);
    return copy;
  };
  return { path, partition };
}

it('has the partitions of disk.json, each with its filesystem, and a root that grows', {
  timeout: 120_000,
}, async () => {
  await using base = await baseDisk('ext4', {
    boot: { size: '200 MiB' },
    partitions: [
      { label: 'data', size: '64 MiB', mount: '/var/data' },
      { label: 'camera', size: '40 MiB', filesystem: 'vfat' },
      { label: 'secrets', size: '16 MiB', filesystem: 'none' },
    ],
  });
  const { path, partition } = await diskFile(base, 1024 * mebibyte);
  expect((await run(tool('sgdisk', 'gdisk'), ['--verify', path])).stdout).toContain('No problems found');
  for (const name of ['boot', 'root', 'data']) await run(tool('e2fsck', 'e2fsprogs'), ['-fn', await partition(name)]);
  await run(tool('fsck.fat', 'dosfstools'), ['-n', await partition('camera')]);

  // What the first boot does on a larger disk, to the partition with root's number.
  await truncate(path, 2048 * mebibyte);
  await run(tool('sfdisk', 'fdisk'), ['--no-reread', '--no-tell-kernel', '-N', '4', path], { input: ', +\n' });
  const { stdout } = await run(tool('sfdisk', 'fdisk'), ['--json', path]);
  const { partitiontable } = JSON.parse(stdout) as {
    partitiontable: { partitions: { name: string; start: number; size: number }[] };
  };
  const found = partitiontable.partitions.map(({ name, start, size }) => [name, start / 2048, Math.floor(size / 2048)]);
  const beforeRoot = 2 + 127 + 200 + 64 + 40 + 16;
  expect(found).toEqual([
    ['BIOS-BOOT', 1, 1],
    ['EFI-SYSTEM', 2, 127],
    ['boot', 129, 200],
    ['root', beforeRoot, 2048 - beforeRoot - 1],
    ['data', 329, 64],
    ['camera', 393, 40],
    ['secrets', 433, 16],
  ]);
  expect((await run(tool('sgdisk', 'gdisk'), ['--verify', path])).stdout).toContain('No problems found');
});

it('has a root that the host has made', { timeout: 120_000 }, async () => {
  await using base = await baseDisk('btrfs', {});
  const { partition } = await diskFile(base, 1280 * mebibyte);
  const root = await partition('root');
  await run(tool('btrfs', 'btrfs-progs'), ['check', '--readonly', root]);
  if (!(await isRealRoot())) return;
  const place = join(directory, 'mounted');
  await mkdir(place);
  await using mounted = await mountImage(root, place, { type: 'btrfs', options: ['ro'] });
  const deployment = join(place, `ostree/deploy/test-os/deploy/${base.commit}.0`);
  const cat = mounted.command(tools.cat, [join(deployment, 'etc/hostname'), `${deployment}.origin`]);
  expect((await run(cat.tool, cat.args)).stdout).toMatch(/^localhost\n\[origin\]\n/);
});
