import { mkdir, open } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Digest } from '../../lib/digest.ts';
import { CosaError, usageError } from '../../lib/errors.ts';
import { derivedUuid } from '../../lib/uuid.ts';
import type { Reporter } from '../../progress/reporter.ts';
import { installBiosLoader } from '../boot/methods/bios.ts';
import { encodeGpt } from '../partitions/gpt.ts';
import { copyEspContent, readBiosLoader } from './boot-files.ts';
import { makeBootContent } from './boot-filesystem.ts';
import { contentBytes } from './content-size.ts';
import type { Sysroot } from './deploy.ts';
import type { FilesystemRequest } from './filesystems/filesystem.ts';
import { findFilesystem } from './filesystems/index.ts';
import { vfat } from './filesystems/vfat.ts';
import { readImageConfig, readPlatformSettings } from './image-config.ts';
import { type DiskLayout, mebibyte, type PartitionName, planDisk } from './layout.ts';
import type { DiskPlatform } from './platforms/platform.ts';

/** Everything a disk is made of. */
export interface DiskRequest {
  /** The container's digest: identifiers on the disk derive from it. */
  container: Digest;
  platform: DiskPlatform;
  sysroot: Sysroot;
  /** The deployment's tree within the sysroot: image.json, platforms.json and boot loader files are read there. */
  tree: string;
  /** Seconds since the epoch, for every file: the commit's. */
  timestamp: number;
}

/**
 * Writes the raw disk of a platform into a new sparse file.
 * @param scratch an empty directory of our own, on a filesystem with room for the disk's content
 * @returns the disk's path, in `scratch`
 * @throws CosaError what reading the container's files throws; `DISK_TOO_SMALL` (exit 2) with the size needed
 */
export async function assembleDisk(request: DiskRequest, scratch: string, reporter: Reporter): Promise<string> {
  const { container, platform, sysroot, tree, timestamp } = request;
  const config = await readImageConfig(tree);
  const settings = (await readPlatformSettings(tree, platform.name)) ?? platform.console;
  const rootFilesystem = findFilesystem(config.rootfs, 'rootfs');
  const bootFilesystem = findFilesystem(config.bootfs, 'bootfs');
  const layout = planDisk(container, platform.sectorSize, platform.diskSize(config.size));
  const disk = join(scratch, 'disk.raw');
  await writeTable(disk, layout);

  const filesystemOn = (name: PartitionName, source: string): FilesystemRequest => ({
    disk,
    ...layout.partition(name),
    source,
    scratch,
    label: name,
    uuid: derivedUuid(container, `filesystem ${name}`),
    timestamp,
    options: name === 'root' ? config['rootfs-args'] : '',
  });

  async function writeBoot(): Promise<void> {
    const content = join(scratch, 'boot');
    await makeBootContent(sysroot.boot, content, platform, config, settings);
    await bootFilesystem.write(filesystemOn('boot', content), reporter);
  }

  async function writeLoaders(): Promise<void> {
    if (platform.firmware.includes('bios')) {
      await using file = await open(disk, 'r+');
      await installBiosLoader(file, await readBiosLoader(tree), layout.partition('BIOS-BOOT'));
    }
    const content = join(scratch, 'esp');
    if (platform.firmware.includes('uefi')) await copyEspContent(tree, content);
    else await mkdir(content);
    await vfat.write(filesystemOn('EFI-SYSTEM', content), reporter);
  }

  async function writeRoot(): Promise<void> {
    try {
      // As ostree itself does it where it is real root: nothing is to be made in `/`.
      const immutable = `/${relative(sysroot.root, tree)}`;
      await rootFilesystem.write({ ...filesystemOn('root', sysroot.root), immutable }, reporter);
    } catch (error) {
      if (error instanceof CosaError && error.code === 'FILESYSTEM_FULL')
        throw await tooSmall(layout, sysroot, config.size);
      throw error;
    }
  }

  // They write to different stretches of the file.
  await settled([writeLoaders(), writeRoot(), writeBoot()]);
  return disk;
}

async function writeTable(disk: string, layout: DiskLayout): Promise<void> {
  const { primary, backup, backupOffset } = encodeGpt(layout);
  await using file = await open(disk, 'wx');
  await file.truncate(layout.sectorCount * layout.sectorSize);
  await file.write(primary, 0, primary.length, 0);
  await file.write(backup, 0, backup.length, backupOffset);
}

/** As Promise.all, but nobody still writes when it throws. */
async function settled(work: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(work)) {
    if (outcome.status === 'rejected') throw outcome.reason;
  }
}

async function tooSmall(layout: DiskLayout, sysroot: Sysroot, imageSize: number): Promise<CosaError> {
  // What the filesystem takes for itself (journal, inode tables, reserve) is below a tenth and this.
  const overhead = 256 * mebibyte;
  const needed = (await contentBytes(sysroot.root)) * 1.1 + overhead + layout.partition('root').offset;
  // More than now in any case: inodes may have run out, and not blocks.
  const gibibytes = Math.max(imageSize + 1, Math.ceil(needed / 2 ** 30));
  return usageError(
    'DISK_TOO_SMALL',
    `the operating system does not fit on the disk: image.json has "size": ${imageSize} (GiB), and about ${gibibytes} GiB are needed`,
    { hint: `set "size: ${gibibytes}" in image.yaml and build the container again` },
  );
}
