import type { SectorSize } from '../../partitions/gpt.ts';
import { mebibyte } from '../../partitions/region.ts';

// Microsoft FAT specification, version 1.03.

/** Bits of an entry in the allocation table. FAT12 is for floppy disks. */
export type FatBits = 16 | 32;

/** How a filesystem divides its bytes. Counts are of sectors unless they say otherwise. */
export interface FatGeometry {
  bits: FatBits;
  sectorSize: SectorSize;
  totalSectors: number;
  /** In front of the first allocation table. */
  reservedSectors: number;
  /** Of one allocation table; there are two. */
  tableSectors: number;
  sectorsPerCluster: number;
  /** Entries of the root directory, which lies outside of the clusters; 0 for FAT32. */
  rootEntries: number;
  /** The first has number 2. */
  clusterCount: number;
}

/** Bytes of one entry in a directory. */
export const entrySize = 32;

/** "FAT type determination": drivers go by the number of clusters alone, and some are off by a few. */
const margin = 16;
const clusterCounts: Readonly<Record<FatBits, { least: number; most: number }>> = {
  16: { least: 4085 + margin, most: 65525 - margin - 1 },
  32: { least: 65525 + margin, most: 0x0ffffff5 - margin },
};

/** Up to here a cluster is a sector, which FAT32 needs to have enough of them; beyond, tables would grow large. */
const oneSectorBytes = 260 * mebibyte;
const largeClusterBytes = 4096;

/** What FAT32 has by habit: boot sector, information sector, and copies of both from the sixth on. */
const reservedSectors: Readonly<Record<FatBits, number>> = { 16: 1, 32: 32 };

const rootEntryMultiple = 512;
/** The field has 16 bits. */
const mostRootEntries = 0x10000 - rootEntryMultiple;

/** The field has 32 bits. */
const mostSectors = 0xffffffff;

/**
 * Chooses how a filesystem is divided: FAT32 wherever it has enough clusters, for some firmware reads nothing else; FAT16
 * where it has not, as on a small one with sectors of 4 KiB, where some firmware refuses a FAT32 of few clusters.
 * @param size bytes, a multiple of 1 MiB
 * @param rootEntries that the root directory needs
 * @returns undefined if no FAT can have that size
 */
export function chooseGeometry(size: number, sectorSize: SectorSize, rootEntries: number): FatGeometry | undefined {
  const totalSectors = Math.floor(size / sectorSize);
  if (totalSectors > mostSectors) return undefined;
  const wide = size > oneSectorBytes ? Math.max(1, largeClusterBytes / sectorSize) : 1;
  const candidates: readonly [FatBits, number][] = [
    [32, wide],
    [16, 1],
  ];
  for (const [bits, sectorsPerCluster] of candidates) {
    const geometry = divide({ bits, sectorSize, totalSectors, sectorsPerCluster, rootEntries });
    const { least, most } = clusterCounts[bits];
    if (geometry.rootEntries > mostRootEntries) continue;
    if (geometry.clusterCount >= least && geometry.clusterCount <= most) return geometry;
  }
  return undefined;
}

function divide(
  wish: Pick<FatGeometry, 'bits' | 'sectorSize' | 'totalSectors' | 'sectorsPerCluster' | 'rootEntries'>,
): FatGeometry {
  const { bits, sectorSize, totalSectors, sectorsPerCluster } = wish;
  const rootEntries = bits === 32 ? 0 : Math.ceil(wish.rootEntries / rootEntryMultiple) * rootEntryMultiple;
  const before = reservedSectors[bits] + (rootEntries * entrySize) / sectorSize;
  const clustersWith = (tables: number) =>
    Math.max(0, Math.floor((totalSectors - before - 2 * tables) / sectorsPerCluster));
  // The table has entries for two clusters that do not exist.
  const tableFor = (clusters: number) => Math.ceil(((clusters + 2) * (bits / 8)) / sectorSize);
  let tableSectors = tableFor(clustersWith(0));
  while (tableSectors > 1 && tableFor(clustersWith(tableSectors - 1)) < tableSectors) tableSectors--;
  return {
    bits,
    sectorSize,
    totalSectors,
    reservedSectors: reservedSectors[bits],
    tableSectors,
    sectorsPerCluster,
    rootEntries,
    clusterCount: clustersWith(tableSectors),
  };
}

/** Bytes. */
export function clusterSize({ sectorsPerCluster, sectorSize }: FatGeometry): number {
  return sectorsPerCluster * sectorSize;
}

/** Where the two allocation tables, FAT16's root directory and a cluster begin, in bytes. */
export function places(geometry: FatGeometry) {
  const { reservedSectors, tableSectors, rootEntries, sectorSize } = geometry;
  const first = reservedSectors * sectorSize;
  const second = first + tableSectors * sectorSize;
  const root = second + tableSectors * sectorSize;
  const data = root + rootEntries * entrySize;
  return {
    tables: [first, second] as const,
    root,
    cluster: (number: number) => data + (number - 2) * clusterSize(geometry),
  };
}
