// [MS-VHDX]: "Virtual Hard Disk v2 (VHDX) File Format", Microsoft.
import type { Extent } from '../extents.ts';
import { vhdx } from '../formats/vhdx.ts';
import { bytesAt, type ImageFile, invalidImage, type OpenedImage, requireDiskSize } from './opened.ts';
import { unitsSource } from './units.ts';

const headerPlaces = [0x10000, 0x20000] as const;
const regionTable = 0x30000;
const mostEntries = 2047;
const batRegion = '6677c22d23f600429d64115e9bfd4a08';
const metadataRegion = '06a27c8b90479a4bb8fe575f050f886e';
const fileParameters = '3767a1ca36fa434db3b633f0aa44e76b';
const diskSizeItem = '2442a52f1bcd7648b2115dbed83bf4b8';
const logicalSectorItem = '1dbf41816fa90947ba47f233a8faab5f';
/** A block's states: it is in the file as a whole; it is zeros or was never written. */
const wholeBlock = 6n;
const partialBlock = 7n;

/** Opens a dynamic or fixed VHDX without parent. @throws CosaError `DISK_INVALID` (exit 4) */
export async function openVhdx(file: ImageFile): Promise<OpenedImage> {
  await requireEmptyLog(file);
  const regions = await readRegions(file);
  const bat = regions.get(batRegion);
  const metadata = regions.get(metadataRegion);
  if (bat === undefined || metadata === undefined) throw invalidImage(file, 'it has no table of its regions');
  const { blockBytes, size, sectorBytes } = await readMetadata(file, metadata.offset);
  const blocks = Math.ceil(size / blockBytes);
  const chunkRatio = (2 ** 23 * sectorBytes) / blockBytes;
  const entryBytes = (blocks + Math.floor((blocks - 1) / chunkRatio)) * 8;
  if (entryBytes > bat.length || bat.length > 1 << 28) throw invalidImage(file, "its blocks' table has a wrong size");
  const table = await bytesAt(file, bat.offset, entryBytes);
  const entryOf = (block: number) => table.readBigUInt64LE((block + Math.floor(block / chunkRatio)) * 8);

  const extents: Extent[] = [];
  for (let block = 0; block < blocks; block++) {
    const state = entryOf(block) & 7n;
    if (state === partialBlock) throw invalidImage(file, 'it refers to another file, which holds a part of the disk');
    if (state !== wholeBlock) continue;
    extents.push({ offset: block * blockBytes, length: blockBytes });
    if (extents.length * blockBytes > file.size) throw invalidImage(file, 'its table names more blocks than it has');
  }
  const source = unitsSource({
    size,
    unitBytes: blockBytes,
    extents,
    async readUnit(block, offset, buffer) {
      const entry = entryOf(block);
      if ((entry & 7n) !== wholeBlock) buffer.fill(0);
      else await file.read(Number(entry >> 20n) * 2 ** 20 + offset, buffer);
    },
  });
  return { source, format: vhdx };
}

/** A log that is not empty has changes that the file has not. */
async function requireEmptyLog(file: ImageFile): Promise<void> {
  const headers = await Promise.all(headerPlaces.map((place) => bytesAt(file, place, 80)));
  const valid = headers.filter((header) => header.toString('latin1', 0, 4) === 'head');
  const [current] = valid.sort((a, b) => Number(b.readBigUInt64LE(8) - a.readBigUInt64LE(8)));
  if (current === undefined) throw invalidImage(file, 'it has no header');
  if (current.subarray(48, 64).some((byte) => byte !== 0)) {
    throw invalidImage(file, 'it was not closed in order: its log has changes that are not in its blocks');
  }
}

async function readRegions(file: ImageFile): Promise<Map<string, Extent>> {
  const table = await bytesAt(file, regionTable, 65536);
  const count = table.readUInt32LE(8);
  if (table.toString('latin1', 0, 4) !== 'regi' || count > mostEntries)
    throw invalidImage(file, 'it has no table of its regions');
  const regions = new Map<string, Extent>();
  for (let index = 0; index < count; index++) {
    const entry = table.subarray(16 + 32 * index, 48 + 32 * index);
    const place = { offset: Number(entry.readBigUInt64LE(16)), length: entry.readUInt32LE(24) };
    regions.set(entry.toString('hex', 0, 16), place);
  }
  return regions;
}

async function readMetadata(
  file: ImageFile,
  offset: number,
): Promise<{ blockBytes: number; size: number; sectorBytes: number }> {
  const table = await bytesAt(file, offset, 65536);
  const count = table.readUInt16LE(10);
  if (table.toString('latin1', 0, 8) !== 'metadata' || count > mostEntries)
    throw invalidImage(file, 'it has no metadata');

  async function item(id: string): Promise<Buffer> {
    for (let index = 0; index < count; index++) {
      const entry = table.subarray(32 + 32 * index, 64 + 32 * index);
      if (entry.toString('hex', 0, 16) === id) return bytesAt(file, offset + entry.readUInt32LE(16), 8);
    }
    throw invalidImage(file, 'its metadata says too little');
  }

  const parameters = await item(fileParameters);
  const blockBytes = parameters.readUInt32LE(0);
  if (blockBytes < 1 << 20 || blockBytes > 1 << 28 || !Number.isInteger(Math.log2(blockBytes))) {
    throw invalidImage(file, `its blocks have ${blockBytes} bytes`);
  }
  if ((parameters.readUInt32LE(4) & 2) !== 0)
    throw invalidImage(file, 'it refers to another file, which holds a part of the disk');
  const size = requireDiskSize(file, Number((await item(diskSizeItem)).readBigUInt64LE(0)));
  const sectorBytes = (await item(logicalSectorItem)).readUInt32LE(0);
  if (sectorBytes !== 512 && sectorBytes !== 4096) throw invalidImage(file, `its sectors have ${sectorBytes} bytes`);
  return { blockBytes, size, sectorBytes };
}
