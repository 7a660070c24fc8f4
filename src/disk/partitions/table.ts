import { type DiskLayout, defaultDiskLayout } from '../../contract/disk-layout.ts';
import type { ArchitectureName } from '../../lib/architecture.ts';
import { mebibyte } from './region.ts';

/** A partition as it is wanted, before it has its place. */
export interface PartitionRow {
  /** At most 36 UTF-16 units; also names the partition in udev's `/dev/disk/by-partlabel`. */
  name: string;
  /** GUID of the partition's type. */
  type: string;
  /** A multiple of 1 MiB; of the root partition, the least. */
  bytes: number;
  /** True for the one that takes the rest of the disk: it lies last, and grows where the disk does. */
  isRoot?: boolean;
}

/** Names of the partitions that other parts of the program fill. */
export const partitionName = {
  /** GRUB's core image, where the architecture has a BIOS. */
  bios: 'BIOS-BOOT',
  /** The EFI system partition. */
  esp: 'EFI-SYSTEM',
  boot: 'boot',
  root: 'root',
} as const;

/** The first partition and the type of root: what disks of different architectures do not have in common. */
const tables: Partial<Record<ArchitectureName, { first: Omit<PartitionRow, 'bytes'>; root: string }>> = {
  x86_64: {
    first: { name: partitionName.bios, type: '21686148-6449-6e6f-744e-656564454649' },
    root: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709',
  },
  aarch64: {
    first: { name: 'reserved', type: '8da63339-0007-60c0-c436-083ac8230908' },
    root: 'b921b045-1df0-41c3-af44-4c6f280d3fae',
  },
};

/** Types of partitions, as in https://uapi-group.org/specifications/specs/discoverable_partitions_specification/ */
export const partitionTypes = {
  esp: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  /** XBOOTLDR, so that systemd mounts it on /boot and not the ESP. */
  boot: 'bc13c2ff-59e6-4262-a352-b275fd6f7172',
  linux: '0fc63daf-8483-4772-8e79-3d69d8477de4',
  /** "Microsoft basic data", which Windows and cameras look into. */
  vfat: 'ebd0a0a2-b9e5-4433-87c0-68b6b72699c7',
};

/**
 * The partitions of an architecture's disks, in the order of their numbers: root has the same on every architecture, and
 * a config's own follow it.
 * @throws RangeError for one without disks, as `hasDisks` of the table of architectures says: a caller's mistake
 */
export function partitionRows(
  architecture: ArchitectureName,
  layout: DiskLayout = defaultDiskLayout,
): readonly PartitionRow[] {
  const table = tables[architecture];
  if (table === undefined) throw new RangeError(`disks of ${architecture} have no partition table`);
  return [
    { ...table.first, bytes: mebibyte },
    { name: partitionName.esp, type: partitionTypes.esp, bytes: layout['efi-system'].size },
    { name: partitionName.boot, type: partitionTypes.boot, bytes: layout.boot.size },
    { name: partitionName.root, type: table.root, bytes: layout.root.size, isRoot: true },
    ...layout.partitions.map(({ label, size, filesystem }) => ({
      name: label,
      type: filesystem === 'vfat' ? partitionTypes.vfat : partitionTypes.linux,
      bytes: size,
    })),
  ];
}
