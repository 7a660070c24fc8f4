import type { FatGeometry } from './geometry.ts';

/** What tells a volume from others. */
export interface VolumeIdentity {
  /** 32 bits. */
  id: number;
  /** 11 bytes, padded with spaces. */
  label: string;
  /** Sectors before the filesystem on its disk. */
  hiddenSectors: number;
}

/** Cluster of FAT32's root directory. */
const rootCluster = 2;

const informationSector = 1;
const backupSector = 6;
/** "Fixed" medium. */
export const medium = 0xf8;

/** INT 18h tells the BIOS that there is nothing to boot here; should it come back, the processor waits. */
const bootCode = [0xcd, 0x18, 0xeb, 0xfe];

/**
 * Everything in front of the first allocation table: the boot sector, for FAT32 also the information sector, and copies.
 * @param freeClusters for the information sector
 * @param nextFree the first free cluster
 */
export function reservedArea(
  geometry: FatGeometry,
  identity: VolumeIdentity,
  { freeClusters, nextFree }: { freeClusters: number; nextFree: number },
): Buffer {
  const { bits, sectorSize, reservedSectors } = geometry;
  const bytes = Buffer.alloc(reservedSectors * sectorSize);
  const boot = bootSector(geometry, identity);
  boot.copy(bytes);
  if (bits === 16) return bytes;
  const information = Buffer.alloc(512);
  information.writeUInt32LE(0x41615252, 0);
  information.writeUInt32LE(0x61417272, 484);
  information.writeUInt32LE(freeClusters, 488);
  information.writeUInt32LE(nextFree, 492);
  information.writeUInt32LE(0xaa550000, 508);
  information.copy(bytes, informationSector * sectorSize);
  boot.copy(bytes, backupSector * sectorSize);
  information.copy(bytes, (backupSector + informationSector) * sectorSize);
  return bytes;
}

function bootSector(geometry: FatGeometry, identity: VolumeIdentity): Buffer {
  const { bits, totalSectors } = geometry;
  const sector = Buffer.alloc(512);
  const codeAt = bits === 32 ? 90 : 62;
  sector.set([0xeb, codeAt - 2, 0x90]);
  // The name that the specification recommends, for some drivers go by it.
  sector.write('MSWIN4.1', 3, 'latin1');
  sector.writeUInt16LE(geometry.sectorSize, 11);
  sector.writeUInt8(geometry.sectorsPerCluster, 13);
  sector.writeUInt16LE(geometry.reservedSectors, 14);
  sector.writeUInt8(2, 16); // tables
  sector.writeUInt16LE(geometry.rootEntries, 17);
  const isShort = bits === 16 && totalSectors < 0x10000;
  sector.writeUInt16LE(isShort ? totalSectors : 0, 19);
  sector.writeUInt8(medium, 21);
  sector.writeUInt16LE(bits === 16 ? geometry.tableSectors : 0, 22);
  // Sectors of a track and heads, as BIOSes make them up for large disks.
  sector.writeUInt16LE(63, 24);
  sector.writeUInt16LE(255, 26);
  // Only a BIOS asks for it, and none starts what lies beyond 2 TiB.
  sector.writeUInt32LE(identity.hiddenSectors <= 0xffffffff ? identity.hiddenSectors : 0, 28);
  sector.writeUInt32LE(isShort ? 0 : totalSectors, 32);
  if (bits === 32) {
    sector.writeUInt32LE(geometry.tableSectors, 36);
    sector.writeUInt32LE(rootCluster, 44);
    sector.writeUInt16LE(informationSector, 48);
    sector.writeUInt16LE(backupSector, 50);
  }
  const extendedAt = bits === 32 ? 64 : 36;
  sector.writeUInt8(0x80, extendedAt); // the BIOS's number of the first hard disk
  sector.writeUInt8(0x29, extendedAt + 2); // the next three fields are there
  sector.writeUInt32LE(identity.id, extendedAt + 3);
  sector.write(identity.label, extendedAt + 7, 'latin1');
  sector.write(bits === 32 ? 'FAT32   ' : 'FAT16   ', extendedAt + 18, 'latin1');
  sector.set(bootCode, codeAt);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}
