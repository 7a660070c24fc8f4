import type { ArchitectureName } from '../../lib/architecture.ts';
import { mebibyte } from './region.ts';

/** A partition as it is wanted, before it has its place. */
export interface PartitionRow {
  /** At most 36 UTF-16 units; also names the partition in udev's `/dev/disk/by-partlabel`. */
  name: string;
  /** GUID of the partition's type. */
  type: string;
  /** A multiple of 1 MiB; of a partition that takes the rest, the least. Undefined: what the root filesystem needs. */
  bytes?: number;
  /** True for the one that takes the rest of the disk: it lies last, and can grow where the disk does. */
  takesRest?: boolean;
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

const esp: PartitionRow = {
  name: partitionName.esp,
  type: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b',
  bytes: 127 * mebibyte,
};

// XBOOTLDR, so that systemd mounts it on /boot and not the ESP.
// https://uapi-group.org/specifications/specs/discoverable_partitions_specification/ also has the types of root.
const boot: PartitionRow = {
  name: partitionName.boot,
  type: 'bc13c2ff-59e6-4262-a352-b275fd6f7172',
  bytes: 384 * mebibyte,
};

/** The partitions of a disk, in the order of their numbers: root has the same on every architecture. */
const tables: Partial<Record<ArchitectureName, readonly PartitionRow[]>> = {
  x86_64: [
    { name: partitionName.bios, type: '21686148-6449-6e6f-744e-656564454649', bytes: mebibyte },
    esp,
    boot,
    { name: partitionName.root, type: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709', takesRest: true },
  ],
  aarch64: [
    { name: 'reserved', type: '8da63339-0007-60c0-c436-083ac8230908', bytes: mebibyte },
    esp,
    boot,
    { name: partitionName.root, type: 'b921b045-1df0-41c3-af44-4c6f280d3fae', takesRest: true },
  ],
};

/**
 * The partitions of an architecture's disks.
 * @throws RangeError for one without disks, as `hasDisks` of the table of architectures says: a caller's mistake
 */
export function partitionRows(architecture: ArchitectureName): readonly PartitionRow[] {
  const rows = tables[architecture];
  if (rows === undefined) throw new RangeError(`disks of ${architecture} have no partition table`);
  return rows;
}
