import type { Digest } from '../lib/digest.ts';
import { usageError } from '../lib/errors.ts';
import { derivedUuid } from '../lib/uuid.ts';
import type { DiskOutput } from './output.ts';
import { encodeGpt, type Partition, type PartitionedDisk, type SectorSize } from './partitions/gpt.ts';
import { mebibyte, type Region } from './partitions/region.ts';
import type { PartitionRow } from './partitions/table.ts';

/** Partitions begin and end on multiples of this, in bytes: every sector size and flash block divides it. */
const alignment = mebibyte;

const gibibyte = 1024 * mebibyte;

export interface DiskRequest {
  /** Identifiers of the disk and its partitions derive from it. */
  container: Digest;
  sectorSize: SectorSize;
  /** Bytes of the disk, a multiple of 1 MiB; or no more than the partitions need. */
  size: number | 'least';
  /** Bytes that the root filesystem needs. */
  rootBytes: number;
}

/** A disk whose partitions can be addressed by name. */
export interface PlannedDisk extends PartitionedDisk {
  /** Bytes. */
  size: number;
  /** @throws RangeError if there is no such partition: a caller's mistake */
  partition(name: string): Region;
}

/**
 * Lays a disk out. Partitions lie one after the other in the order of their numbers, but root lies last and takes the
 * rest: so it can grow, and where it begins is known before anybody knows how large it becomes. Its filesystem may be
 * smaller.
 * @param rows in the order of their numbers
 * @throws CosaError `DISK_TOO_SMALL` (exit 2) with what is needed; RangeError for a size that is no multiple of 1 MiB
 */
export function planDisk(rows: readonly PartitionRow[], request: DiskRequest): PlannedDisk {
  const { container, sectorSize, rootBytes } = request;
  const regions = new Map<PartitionRow, Region>();
  let end = alignment;
  for (const row of inOrderOfPlaces(rows)) {
    const size = row.isRoot ? Math.max(row.bytes, roundUp(rootBytes)) : row.bytes;
    regions.set(row, { offset: end, size, firstSector: end / sectorSize });
    end += size;
  }
  // The table's backup takes the last sectors.
  const least = end + alignment;
  const size = request.size === 'least' ? least : request.size;
  if (size % alignment !== 0) throw new RangeError(`a disk of ${size} bytes is no multiple of 1 MiB`);
  if (size < least) throw tooSmall(size, least, rootBytes);
  const sectorCount = size / sectorSize;
  const root = rows.find(({ isRoot }) => isRoot);
  if (root !== undefined) (regions.get(root) as Region).size += size - least;

  const byName = new Map([...regions].map(([{ name }, region]) => [name, region]));
  return {
    guid: derivedUuid(container, 'disk'),
    sectorSize,
    sectorCount,
    size,
    partitions: rows.map((row) => partitionOf(row, regions.get(row) as Region, container, sectorSize)),
    partition(name) {
      const region = byName.get(name);
      if (region === undefined) throw new RangeError(`there is no partition ${name}`);
      return region;
    },
  };
}

/** Writes both copies of a disk's partition table; the boot code in the first sector becomes zero. */
export function writePartitionTable(disk: PartitionedDisk, output: DiskOutput): void {
  const { primary, backup, backupOffset } = encodeGpt(disk);
  output.write(0, primary);
  output.write(backupOffset, backup);
}

function inOrderOfPlaces(rows: readonly PartitionRow[]): readonly PartitionRow[] {
  return [...rows.filter(({ isRoot }) => !isRoot), ...rows.filter(({ isRoot }) => isRoot)];
}

function partitionOf(row: PartitionRow, region: Region, container: Digest, sectorSize: SectorSize): Partition {
  return {
    name: row.name,
    type: row.type,
    guid: derivedUuid(container, `partition ${row.name}`),
    firstSector: region.firstSector,
    sectorCount: region.size / sectorSize,
  };
}

function tooSmall(size: number, least: number, rootBytes: number): Error {
  const needed = `${least / mebibyte} MiB, of which the root filesystem takes ${roundUp(rootBytes) / mebibyte} MiB`;
  return usageError('DISK_TOO_SMALL', `a disk of ${size / mebibyte} MiB is too small: its partitions need ${needed}`, {
    hint: `set "size" in image.yaml to ${Math.ceil(least / gibibyte)} (GiB) or more, and build the container again`,
  });
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}
