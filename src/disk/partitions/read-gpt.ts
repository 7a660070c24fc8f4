import { crc32 } from 'node:zlib';
import { verificationError } from '../../lib/errors.ts';
import type { DiskSource } from '../source.ts';
import type { SectorSize } from './gpt.ts';

/** A partition's place on a disk, in bytes. */
export interface PartitionPlace {
  offset: number;
  size: number;
}

export const gptSignature = 'EFI PART';
const sectorSizes: readonly SectorSize[] = [512, 4096];
const headerSize = 92;
/** Programs write 128, and some let users have more. */
const mostEntries = 4096;
const largestEntry = 4096;

/**
 * Finds a partition by its name in the GUID partition table of a disk of unknown origin, with sectors of either size. UEFI
 * specification 2.10, chapter 5.
 * @throws CosaError `DISK_PARTITION_MISSING`, `DISK_INVALID` (exit 4), what the disk throws
 */
export async function findPartition(disk: DiskSource, name: string): Promise<PartitionPlace> {
  for (const sectorSize of sectorSizes) {
    const header = await bytesOf(disk, sectorSize, headerSize);
    if (header.toString('latin1', 0, 8) !== gptSignature) continue;
    const found = await findIn(disk, header, sectorSize, name);
    if (found === undefined) throw missing(`its disk has no partition called "${name}"`);
    return found;
  }
  throw missing('its disk has no GUID partition table');
}

async function findIn(
  disk: DiskSource,
  header: Buffer,
  sectorSize: SectorSize,
  name: string,
): Promise<PartitionPlace | undefined> {
  const sum = header.readUInt32LE(16);
  const [count, length] = [header.readUInt32LE(80), header.readUInt32LE(84)];
  const own = Buffer.from(header);
  own.writeUInt32LE(0, 16);
  const isWhole = header.readUInt32LE(12) === headerSize && crc32(own) === sum;
  if (!isWhole || count > mostEntries || length < 128 || length > largestEntry || length % 8 !== 0) {
    throw verificationError('DISK_INVALID', 'the partition table of the disk is damaged');
  }
  const entries = await bytesOf(disk, Number(header.readBigUInt64LE(72)) * sectorSize, count * length);
  if (crc32(entries) !== header.readUInt32LE(88)) {
    throw verificationError('DISK_INVALID', 'the partition table of the disk is damaged');
  }
  for (let at = 0; at < entries.length; at += length) {
    if (entries.toString('utf16le', at + 56, at + 128).replace(/\0.*$/s, '') !== name) continue;
    const [first, last] = [Number(entries.readBigUInt64LE(at + 32)), Number(entries.readBigUInt64LE(at + 40))];
    const place = { offset: first * sectorSize, size: (last - first + 1) * sectorSize };
    if (place.size <= 0 || place.offset + place.size > disk.size) {
      throw verificationError('DISK_INVALID', `the partition "${name}" passes the end of the disk`);
    }
    return place;
  }
  return undefined;
}

async function bytesOf(disk: DiskSource, position: number, length: number): Promise<Buffer> {
  if (position + length > disk.size)
    throw verificationError('DISK_INVALID', 'the partition table passes the end of the disk');
  const bytes = Buffer.alloc(length);
  await disk.read(position, bytes);
  return bytes;
}

function missing(reason: string) {
  return verificationError('DISK_PARTITION_MISSING', `the disk image is none of a CoreOS system: ${reason}`);
}
