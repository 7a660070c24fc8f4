import { labelBoot } from './base-disk/labels.ts';
import type { BaseDisk } from './base-disk/types.ts';
import { type BootSettings, bootFilesystem } from './boot/boot-filesystem.ts';
import { kernelArguments } from './boot/kernel-arguments.ts';
import { filesystemOn } from './filesystem-on-disk.ts';
import type { FileNode } from './filesystems/tree.ts';
import { findFilesystem } from './filesystems.ts';
import { rangesOutput } from './output.ts';
import { partitionName } from './partitions/table.ts';
import { planDisk, writePartitionTable } from './partitions.ts';
import type { PlatformBoot } from './platform-disk/types.ts';
import { type DiskSource, overlaidSource } from './source.ts';

/**
 * A platform's disk: the base with what differs laid over it, a few hundred KB in memory. It has its own size with the
 * backup of the partition table at its end, and its own boot filesystem, in which the kernel's content stays where it is.
 * @param base stays open as long as the disk is read
 * @param size bytes, a multiple of 1 MiB; or the least that holds the content
 * @throws CosaError `DISK_TOO_SMALL` (exit 2), `KERNEL_ARGUMENTS_LENGTH` (exit 4), `FILESYSTEM_FULL` (exit 1); the signal's
 *   reason
 */
export async function platformDisk(
  base: BaseDisk,
  platform: PlatformBoot,
  size: number | 'least',
  signal: AbortSignal,
): Promise<DiskSource> {
  const { container, sectorSize, rootBytes, config } = base;
  const { digest, timestamp } = container;
  const plan = planDisk(base.partitions, { container: digest, sectorSize, size, rootBytes });
  const output = rangesOutput();
  writePartitionTable(plan, output);
  if (base.bootCode !== undefined) output.write(0, base.bootCode);

  // It is written to memory: a filesystem that a program of the host makes cannot be.
  const place = { container: digest, timestamp, plan, output, scratch: '', signal };
  const filesystem = findFilesystem(config.bootfs, 'bootfs');
  await using boot = await filesystem.begin(filesystemOn(place, partitionName.boot));
  const kernelFiles = base.bootFiles.map(({ path, size: bytes, extents: _, ...owner }) => {
    const content = bytes === 0 ? Buffer.alloc(0) : boot.reserve(bytes);
    return [path, { kind: 'file', ...owner, mtime: 0, xattrs: [], content } satisfies FileNode] as const;
  });
  const tree = bootFilesystem(base.deployment, kernelFiles, bootSettings(base, platform), timestamp);
  if (base.bootContexts.size > 0) labelBoot(tree, filesystem, base.bootContexts);
  await boot.finish(tree, plan.partition(partitionName.boot).size);
  return overlaidSource(base.source, plan.size, output.ranges());
}

function bootSettings({ config, platforms }: BaseDisk, platform: PlatformBoot): BootSettings {
  const settings = platforms.get(platform.name) ?? platform.console;
  return {
    kernelArguments: kernelArguments(platform.ignitionPlatform, config['extra-kargs'], settings.kernel_arguments),
    grubCommands: settings.grub_commands,
    networkArguments: config['ignition-network-kcmdline'],
  };
}
