import type { Digest } from '../../lib/digest.ts';
import { usageError } from '../../lib/errors.ts';
import { derivedUuid } from '../../lib/uuid.ts';
import { type Partition, type PartitionedDisk, type SectorSize, usableSectors } from '../partitions/gpt.ts';
import type { Region } from '../partitions/region.ts';

export const mebibyte = 1024 * 1024;

/** Partitions start and end on multiples of this, in bytes: every sector size and flash block divides it. */
const alignment = mebibyte;

/** The least that is left for the root filesystem; whether the content fits shows when it is written. */
const minimumRootBytes = 64 * mebibyte;

export const partitionNames = ['BIOS-BOOT', 'EFI-SYSTEM', 'boot', 'root'] as const;
export type PartitionName = (typeof partitionNames)[number];

/** The partitions of every x86_64 disk; root takes the rest. The order gives the numbers. */
const table: Readonly<Record<PartitionName, { type: string; bytes: number | 'rest' }>> = {
  'BIOS-BOOT': { type: '21686148-6449-6e6f-744e-656564454649', bytes: 1 * mebibyte },
  'EFI-SYSTEM': { type: 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b', bytes: 127 * mebibyte },
  // XBOOTLDR, so that systemd mounts it on /boot and not the ESP.
  // https://uapi-group.org/specifications/specs/discoverable_partitions_specification/
  boot: { type: 'bc13c2ff-59e6-4262-a352-b275fd6f7172', bytes: 384 * mebibyte },
  root: { type: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709', bytes: 'rest' },
};

/** A disk whose partitions can be addressed by name. */
export interface DiskLayout extends PartitionedDisk {
  partition(name: PartitionName): Region;
}

/**
 * Lays a disk out.
 * @param bytes of the whole disk: a multiple of the sector size
 * @throws CosaError `DISK_TOO_SMALL` (exit 2) if next to nothing is left for root
 */
export function planDisk(container: Digest, sectorSize: SectorSize, bytes: number): DiskLayout {
  const sectorCount = bytes / sectorSize;
  const end = Math.floor(((usableSectors({ sectorSize, sectorCount }).last + 1) * sectorSize) / alignment) * alignment;
  const regions = new Map<PartitionName, Region>();
  const partitions: Partition[] = [];
  let offset = alignment;
  for (const name of partitionNames) {
    const { type, bytes: wanted } = table[name];
    const size = wanted === 'rest' ? end - offset : wanted;
    const firstSector = offset / sectorSize;
    regions.set(name, { offset, size, firstSector });
    partitions.push({
      name,
      type,
      guid: derivedUuid(container, `partition ${name}`),
      firstSector,
      sectorCount: size / sectorSize,
    });
    offset += size;
  }
  const root = regions.get('root');
  if (root === undefined || root.size < minimumRootBytes) {
    const least = (root === undefined ? alignment : root.offset) + minimumRootBytes + alignment;
    throw usageError(
      'DISK_TOO_SMALL',
      `a disk of ${bytes / mebibyte} MiB has no room for its partitions: ${least / mebibyte} MiB is the least`,
      { hint: 'raise "size" in image.yaml and build the container again' },
    );
  }
  return {
    guid: derivedUuid(container, 'disk'),
    sectorSize,
    sectorCount,
    partitions,
    partition(name) {
      const region = regions.get(name);
      if (region === undefined) throw new RangeError(`there is no partition ${name}`);
      return region;
    },
  };
}
