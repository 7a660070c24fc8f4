import { verificationError } from '../../../lib/errors.ts';
import type { Region } from '../../partitions/region.ts';

/** Sectors as GRUB's i386-pc boot code counts them. */
const sectorSize = 512;
/** The boot code ends where the disk signature and the partition entries of the MBR begin. */
const bootCodeSize = 440;
/** In boot.img: the sector of the core image, u64 (`GRUB_BOOT_MACHINE_KERNEL_SECTOR`). */
const coreSectorOffset = 0x5c;
/**
 * In the core image's first sector: the list of where the rest lies, growing downwards from its end. One entry: first
 * sector u64, number of sectors u16, segment in memory u16 (`struct grub_pc_bios_boot_blocklist`).
 */
const blockListOffset = 0x1f4;
/** Where in memory the second sector goes (`GRUB_BOOT_MACHINE_KERNEL_SEG` + one sector). */
const secondSectorSegment = 0x820;

/** GRUB for BIOS as the container carries it. */
export interface BiosLoader {
  /** `boot.img`: one sector. */
  bootImage: Buffer;
  /** `core.img` as grub-mkimage made it. */
  coreImage: Buffer;
}

/**
 * The bytes that make a disk bootable by BIOS.
 * @returns what the first sector begins with, beside the protective MBR, and what the BIOS boot partition does
 * @throws CosaError `BOOT_IMAGE_INVALID` (exit 4)
 */
export function placeBiosLoader(loader: BiosLoader, partition: Region): { bootCode: Buffer; core: Buffer } {
  const { bootImage, coreImage } = loader;
  if (bootImage.length !== sectorSize || bootImage.readUInt16LE(510) !== 0xaa55) {
    throw verificationError('BOOT_IMAGE_INVALID', "the container's boot.img is not a boot sector of GRUB");
  }
  if (coreImage.length < 2 * sectorSize || coreImage.length > partition.size) {
    throw verificationError(
      'BOOT_IMAGE_INVALID',
      `the container's core.img has ${coreImage.length} bytes; 1 KiB to ${partition.size / 1024} KiB fit the BIOS boot partition`,
    );
  }
  const bootCode = Buffer.from(bootImage.subarray(0, bootCodeSize));
  bootCode.writeBigUInt64LE(BigInt(partition.firstSector), coreSectorOffset);
  const core = Buffer.alloc(Math.ceil(coreImage.length / sectorSize) * sectorSize);
  coreImage.copy(core);
  core.writeBigUInt64LE(BigInt(partition.firstSector + 1), blockListOffset);
  core.writeUInt16LE(core.length / sectorSize - 1, blockListOffset + 8);
  core.writeUInt16LE(secondSectorSegment, blockListOffset + 10);
  return { bootCode, core };
}
