import { usageError, verificationError } from '../lib/errors.ts';
import { sortByBytes } from '../lib/order.ts';
import { type Ext4Volume, openExt4Volume } from './ext4-volume.ts';
import type { KernelArgumentEdit } from './kernel-argument-changes.ts';
import { findPartition } from './partitions/read-gpt.ts';
import { partitionName } from './partitions/table.ts';
import { type DiskSource, overlaidSource } from './source.ts';

/** What a disk gets besides what is on it. */
export interface DiskCustomization {
  /** Text of an Ignition config, for the first boot. */
  ignition?: string | undefined;
  /** Changes of the kernel's arguments, for every boot. */
  kernelArguments?: KernelArgumentEdit | undefined;
  /** Kernel arguments that bring the network up at the first boot. */
  firstBootArguments?: string | undefined;
}

/** Tells GRUB that the disk was never booted. */
const stamp = 'ignition.firstboot';
const entriesDirectory = 'loader/entries';
/** A system has two, or four. */
const mostEntries = 64;
/** The menu of systems whose GRUB does not read entries. */
const menu = 'loader/grub.cfg';
/** `COMMAND_LINE_SIZE` of Linux on x86 and arm64, without the zero at its end, and what GRUB puts before it. */
const longestOptions = 2047 - 'BOOT_IMAGE='.length;

/**
 * A CoreOS disk with some files of its boot filesystem changed, in memory. All else stays where it is.
 * @throws CosaError `DISK_BOOTED`, `DISK_UNSUPPORTED` (exit 2), `DISK_INVALID`, `DISK_PARTITION_MISSING`,
 *   `KERNEL_ARGUMENTS_LENGTH` (exit 4), `FILESYSTEM_FULL` (exit 1), what the disk throws
 */
export async function customizedDisk(disk: DiskSource, customization: DiskCustomization): Promise<DiskSource> {
  const { offset, size } = await findPartition(disk, partitionName.boot);
  const boot = await openExt4Volume((position, buffer) => disk.read(offset + position, buffer), size);
  const { ignition, kernelArguments, firstBootArguments } = customization;
  if (ignition !== undefined || firstBootArguments !== undefined)
    await prepareFirstBoot(boot, ignition, firstBootArguments);
  if (kernelArguments !== undefined) await changeKernelArguments(boot, kernelArguments);
  const ranges = boot.finish().map(({ position, bytes }) => ({ position: offset + position, bytes }));
  return overlaidSource(
    disk,
    disk.size,
    ranges.sort((a, b) => a.position - b.position),
  );
}

async function prepareFirstBoot(boot: Ext4Volume, ignition: string | undefined, network: string | undefined) {
  const script = await boot.read(stamp);
  if (script === undefined) {
    throw usageError(
      'DISK_BOOTED',
      `the disk has been booted: its boot filesystem has no ${stamp}, and Ignition would never run`,
      {
        hint: 'take an image that was never booted',
      },
    );
  }
  if (ignition !== undefined) {
    await boot.makeDirectory('ignition', 0o700);
    await boot.write('ignition/config.ign', Buffer.from(ignition), 0o600);
  }
  if (network !== undefined) {
    const line = `set ignition_network_kcmdline="${network}"\n`;
    await boot.write(stamp, Buffer.concat([script, Buffer.from(line)]), 0o644);
  }
}

async function changeKernelArguments(boot: Ext4Volume, edit: KernelArgumentEdit): Promise<void> {
  const names = sortByBytes((await boot.list(entriesDirectory)).filter((name) => name.endsWith('.conf')));
  if (names.length === 0) {
    throw usageError('DISK_UNSUPPORTED', `the boot filesystem of the disk has no entries in /${entriesDirectory}`);
  }
  if (names.length > mostEntries) {
    throw usageError(
      'DISK_UNSUPPORTED',
      `the boot filesystem of the disk has ${names.length} entries in /${entriesDirectory}`,
    );
  }
  for (const name of names) await changeFile(boot, `${entriesDirectory}/${name}`, edit, /^(options)[ \t]+(.*)$/gm);
  if ((await boot.read(menu)) !== undefined)
    await changeFile(boot, menu, edit, /^([ \t]*linux(?:16|efi)?[ \t]+\S+)[ \t]+(.*)$/gm);
  edit.finish();
}

/** Changes the arguments in a file: what the second group of the pattern finds. */
async function changeFile(boot: Ext4Volume, path: string, edit: KernelArgumentEdit, lines: RegExp): Promise<void> {
  const before = (await boot.read(path))?.toString('latin1') ?? '';
  const after = before.replace(
    lines,
    (_line, start: string, options: string) => `${start} ${short(edit.apply(options))}`,
  );
  if (after !== before) await boot.write(path, Buffer.from(after, 'latin1'), 0o644);
}

function short(options: string): string {
  if (options.length <= longestOptions) return options;
  throw verificationError(
    'KERNEL_ARGUMENTS_LENGTH',
    `the kernel's arguments have ${options.length} characters, and it reads ${longestOptions} of them`,
    { hint: 'append fewer' },
  );
}
