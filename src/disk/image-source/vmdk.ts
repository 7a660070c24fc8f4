// "Virtual Disk Format 5.0", VMware; its sections on stream-optimized sparse extents.
import { verificationError } from '../../lib/errors.ts';
import type { Extent } from '../extents.ts';
import { vmdk } from '../formats/vmdk.ts';
import { inflate } from './inflate.ts';
import { bytesAt, type ImageFile, invalidImage, type OpenedImage, requireDiskSize } from './opened.ts';
import { remembering, unitsSource } from './units.ts';

const sectorBytes = 512;
const isCompressedWithMarkers = 0x30000;
const directoryAtEnd = 0xffffffffffffffffn;
/** The footer, before the marker of the stream's end. */
const footerFromEnd = 2 * sectorBytes;
/** Tables for 64 TiB. */
const mostTables = 1 << 21;
const kept = 16;

/** Opens a stream-optimized image, of VMware's or ours. @throws CosaError `DISK_INVALID` (exit 4) */
export async function openVmdk(file: ImageFile): Promise<OpenedImage> {
  const first = await bytesAt(file, 0, sectorBytes);
  const isAtEnd = first.readBigUInt64LE(56) === directoryAtEnd;
  const header = isAtEnd ? await bytesAt(file, Math.max(0, file.size - footerFromEnd), sectorBytes) : first;
  if (header.toString('latin1', 0, 4) !== 'KDMV') throw invalidImage(file, 'its end is not that of a VMDK');
  if ((header.readUInt32LE(8) & isCompressedWithMarkers) !== isCompressedWithMarkers) {
    throw invalidImage(file, 'it is a VMDK of another kind than streamOptimized');
  }
  const size = requireDiskSize(file, Number(header.readBigUInt64LE(12)) * sectorBytes);
  const grainBytes = Number(header.readBigUInt64LE(20)) * sectorBytes;
  const perTable = header.readUInt32LE(44);
  if (grainBytes < 4096 || grainBytes > 1 << 20 || perTable < 1 || perTable > 65536) {
    throw invalidImage(file, `its grains have ${grainBytes} bytes, and its tables ${perTable} entries`);
  }
  const tables = Math.ceil(size / (grainBytes * perTable));
  if (tables > mostTables) throw invalidImage(file, `it has ${tables} tables`);
  const directory = await bytesAt(file, Number(header.readBigUInt64LE(56)) * sectorBytes, tables * 4);
  const table = remembering(kept, (number: number) => {
    const sector = directory.readUInt32LE(number * 4);
    return sector === 0 ? Promise.resolve(undefined) : bytesAt(file, sector * sectorBytes, perTable * 4);
  });

  const grain = remembering(kept, async (number: number) => {
    const sector = (await table(Math.floor(number / perTable)))?.readUInt32LE((number % perTable) * 4) ?? 0;
    if (sector === 0) return undefined;
    const marker = await bytesAt(file, sector * sectorBytes, 12);
    const length = marker.readUInt32LE(8);
    if (length === 0 || length > 2 * grainBytes) throw invalidImage(file, `grain ${number} has ${length} bytes`);
    const bytes = await bytesAt(file, sector * sectorBytes + 12, length);
    const expected = Math.min(grainBytes, size - number * grainBytes);
    try {
      return await inflate(bytes, 'zlib', expected).catch(() => inflate(bytes, 'zlib', grainBytes));
    } catch (cause) {
      throw verificationError(
        'DISK_INVALID',
        `the disk image ${file.path} cannot be read: grain ${number} is damaged`,
        {
          cause,
        },
      );
    }
  });

  const extents: Extent[] = [];
  let [grains, tablesThere] = [0, 0];
  for (let number = 0; number < tables; number++) {
    const entries = await table(number);
    if (entries === undefined) continue;
    if (++tablesThere * entries.length > file.size) throw invalidImage(file, 'it names more tables than it has');
    for (let index = 0; index < perTable; index++) {
      if (entries.readUInt32LE(index * 4) === 0) continue;
      if (++grains * sectorBytes > file.size) throw invalidImage(file, 'its tables name more grains than it has');
      extents.push({ offset: (number * perTable + index) * grainBytes, length: grainBytes });
    }
  }
  const source = unitsSource({
    size,
    unitBytes: grainBytes,
    extents,
    async readUnit(number, offset, buffer) {
      const bytes = await grain(number);
      if (bytes === undefined) buffer.fill(0);
      else buffer.set(bytes.subarray(offset, offset + buffer.length));
    },
  });
  return { source, format: vmdk };
}
