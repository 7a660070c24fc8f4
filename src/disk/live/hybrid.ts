import { verificationError } from '../../lib/errors.ts';
import { encodeGpt } from '../partitions/gpt.ts';
import { partitionTypes } from '../partitions/table.ts';
import type { BootImagePlace } from './el-torito.ts';
import { sectorBytes } from './iso9660/numbers.ts';

/** Sectors as disks count them: an ISO that was written to a stick is one. */
const diskSector = 512;
const sectorRatio = sectorBytes / diskSector;

/** The boot code ends where the disk signature and the partition entries of the MBR begin. */
const bootCodeBytes = 440;
/** In GRUB's `boot_hybrid.img`: the disk's sector with the image's core, u64. */
const coreSectorOffset = 0x1b0;
/** The core lies behind `cdboot.img`, which only CD-ROMs need. */
const coreSector = 4;

/** Sectors of an ISO that the backup of the partition table takes at its end. */
export const backupSectors = 9;

/** What makes a disk of an ISO. */
export interface HybridDisk {
  guids: { disk: string; partition: string };
  /** Sectors of the whole ISO. */
  sectors: number;
  /** The image for UEFI, which is a partition of the disk. */
  efi: BootImagePlace;
  /** GRUB's `boot_hybrid.img`, and where its image for CD-ROMs lies. */
  bios: { bootCode: Buffer; sector: number } | undefined;
}

/** Bytes for the beginning and the very end of an ISO. */
export interface HybridAreas {
  head: Buffer;
  tail: Buffer;
}

/**
 * The partition table, and the code that a BIOS starts, of an ISO on a disk.
 * @throws CosaError `BOOT_IMAGE_INVALID` (exit 4)
 */
export function hybridAreas({ guids, sectors, efi, bios }: HybridDisk): HybridAreas {
  const { primary, backup } = encodeGpt({
    guid: guids.disk,
    sectorSize: diskSector,
    sectorCount: sectors * sectorRatio,
    partitions: [
      {
        name: 'EFI-LIVE',
        type: partitionTypes.esp,
        guid: guids.partition,
        firstSector: efi.sector * sectorRatio,
        sectorCount: efi.size / diskSector,
      },
    ],
  });
  if (bios !== undefined) {
    const { bootCode, sector } = bios;
    if (bootCode.length !== diskSector || bootCode.readUInt16LE(diskSector - 2) !== 0xaa55) {
      throw verificationError('BOOT_IMAGE_INVALID', "the container's hybrid.img is not a boot sector of GRUB");
    }
    bootCode.copy(primary, 0, 0, bootCodeBytes);
    primary.writeBigUInt64LE(BigInt(sector * sectorRatio + coreSector), coreSectorOffset);
  }
  return { head: primary, tail: backup };
}
