import { verificationError } from '../../lib/errors.ts';
import { sectorBytes } from './iso9660/numbers.ts';

// "El Torito" Bootable CD-ROM Format Specification, version 1.0, and UEFI specification 2.10, 13.3.2.1.

/** What firmware starts, where it lies. */
export interface BootImagePlace {
  sector: number;
  /** Bytes. */
  size: number;
}

/** Sectors as firmware counts them. */
const firmwareSector = 512;
const platformId = { pc: 0, efi: 0xef } as const;
const bootable = 0x88;
const lastHeader = 0x91;
/** What a BIOS loads of the image, which then loads the rest of itself: GRUB's `cdboot.img`. */
const biosSectors = 4;

/** Most bytes of an image for UEFI: the catalog has 16 bits for its sectors. */
export const mostEfiBytes = 0xffff * firmwareSector;

/** The catalog of what can be booted: by BIOS, if there is an image for it, and by UEFI. */
export function bootCatalog(bios: BootImagePlace | undefined, efi: BootImagePlace): Buffer {
  const catalog = Buffer.alloc(sectorBytes);
  validationEntry(bios === undefined ? platformId.efi : platformId.pc).copy(catalog, 0);
  const efiEntry = bootEntry(efi.sector, efi.size / firmwareSector);
  if (bios === undefined) {
    efiEntry.copy(catalog, 32);
    return catalog;
  }
  bootEntry(bios.sector, biosSectors).copy(catalog, 32);
  catalog.set([lastHeader, platformId.efi, 1, 0], 64);
  efiEntry.copy(catalog, 96);
  return catalog;
}

function validationEntry(platform: number): Buffer {
  const entry = Buffer.alloc(32);
  entry.set([1, platform], 0);
  entry.set([0x55, 0xaa], 30);
  let sum = 0;
  for (let at = 0; at < entry.length; at += 2) sum += entry.readUInt16LE(at);
  entry.writeUInt16LE((0x10000 - (sum & 0xffff)) & 0xffff, 28);
  return entry;
}

/** Without emulation of another medium. */
function bootEntry(sector: number, firmwareSectors: number): Buffer {
  const entry = Buffer.alloc(32);
  entry.writeUInt8(bootable, 0);
  entry.writeUInt16LE(firmwareSectors, 6);
  entry.writeUInt32LE(sector, 8);
  return entry;
}

/** Where mkisofs's boot information table begins and ends in an image: it tells the image where it lies. */
const infoTable = { begin: 8, end: 64 } as const;
/** In GRUB's image: the 512-byte sector of what follows the first one of its core, u64. */
const grubListOffset = 2548;
const grubListSector = 5;
/** The sector of the primary volume descriptor. */
const descriptorSector = 16;

/**
 * GRUB's image for BIOS with what it has to know of its place.
 * @throws CosaError `BOOT_IMAGE_INVALID` (exit 4)
 */
export function biosBootImage(image: Buffer, sector: number): Buffer {
  if (image.length < sectorBytes + firmwareSector) {
    throw verificationError('BOOT_IMAGE_INVALID', "the container's eltorito.img is not an image of GRUB");
  }
  const bytes = Buffer.alloc(Math.ceil(image.length / 4) * 4);
  image.copy(bytes);
  bytes.writeBigUInt64LE(BigInt(sector * (sectorBytes / firmwareSector) + grubListSector), grubListOffset);
  bytes.fill(0, infoTable.begin, infoTable.end);
  let sum = 0;
  for (let at = infoTable.end; at < bytes.length; at += 4) sum = (sum + bytes.readUInt32LE(at)) >>> 0;
  bytes.writeUInt32LE(descriptorSector, infoTable.begin);
  bytes.writeUInt32LE(sector, infoTable.begin + 4);
  bytes.writeUInt32LE(bytes.length, infoTable.begin + 8);
  bytes.writeUInt32LE(sum, infoTable.begin + 12);
  return bytes;
}
