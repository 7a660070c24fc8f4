// "Virtual Disk Format 5.0", VMware; its sections on stream-optimized sparse extents.

import { unitBytes } from './data-extents.ts';
import { deflateParameters, lastDeflateBlock } from './deflate-parameters.ts';
import { deflatedGrains } from './deflated-grains.ts';
import type { DiskFormat, FormatRequest, ImageSink } from './format.ts';

const sectorBytes = 512;
const magic = 0x564d444b;
/** ESXi takes streams of no other version. */
const version = 3;
const flags = { detectsNewlines: 1, isCompressed: 0x10000, hasMarkers: 0x20000 };
const grainSectors = unitBytes / sectorBytes;
const entriesPerTable = 512;
const tableSectors = (entriesPerTable * 4) / sectorBytes;
const descriptorAt = 1;
const descriptorSectors = 20;
/** The header, and the descriptor behind it; grains begin at a border of grains. */
const overheadSectors = grainSectors;
const deflate = 1;
/** The directory is behind the grains: the footer tells where. */
const directoryAtEnd = 0xffffffffffffffffn;
const markers = { endOfStream: 0, grainTable: 1, grainDirectory: 2, footer: 3 };
/** https://www.rfc-editor.org/rfc/rfc1950#section-2.2: deflate, a window of 32 KiB, the usual level. */
const zlibHeader = Buffer.from([0x78, 0x9c]);

/** What a stream says of the controller that the disk is made for. */
export interface VmdkAdapter {
  name: 'lsilogic' | 'ide';
  /** Of the virtual hardware. */
  hardwareVersion: number;
  heads: number;
}

/** The controllers' values as QEMU writes them: the first one with `adapter_type=lsilogic,compat6`. */
export const vmdkAdapters = {
  lsilogic: { name: 'lsilogic', hardwareVersion: 6, heads: 255 },
  ide: { name: 'ide', hardwareVersion: 4, heads: 16 },
} as const satisfies Record<string, VmdkAdapter>;

const sectorsPerTrack = 63;

/** VMware's format, stream-optimized: written from its first byte to its last. */
export const vmdk: DiskFormat = {
  name: 'vmdk',
  extension: 'vmdk',
  isCompressed: true,
  parameters: deflateParameters,
  async write(request, sink) {
    await writeVmdk(request, vmdkAdapters.lsilogic, request.identity.fileName, sink);
  },
};

/**
 * Appends a stream-optimized image.
 * @param fileName as the image's descriptor names it
 * @returns bytes of the disk that are in it
 * @throws as `ImageSink` and `deflatedGrains`
 */
export async function writeVmdk(
  request: FormatRequest,
  adapter: VmdkAdapter,
  fileName: string,
  sink: ImageSink,
): Promise<{ populatedSize: number }> {
  const { disk, identity } = request;
  let sectors = 0;
  let grains = 0;

  async function append(...parts: readonly Uint8Array[]): Promise<void> {
    let length = 0;
    for (const part of parts) {
      await sink.append(part);
      length += part.length;
    }
    await sink.append(Buffer.alloc((sectorBytes - (length % sectorBytes)) % sectorBytes));
    sectors += Math.ceil(length / sectorBytes);
  }

  const contentId = identity.uuid(`${adapter.name} vmdk`).slice(0, 8);
  const descriptor = describe(disk.size, adapter, { contentId, fileName });
  await append(header(disk.size, directoryAtEnd), descriptor);
  await append(Buffer.alloc((overheadSectors - sectors) * sectorBytes));

  const tableCount = Math.ceil(disk.size / (unitBytes * entriesPerTable));
  const directory = Buffer.alloc(Math.ceil((tableCount * 4) / sectorBytes) * sectorBytes);
  let table: { number: number; entries: Buffer } | undefined;

  async function finishTable(): Promise<void> {
    if (table === undefined) return;
    await append(marker(markers.grainTable, tableSectors));
    directory.writeUInt32LE(sectors, table.number * 4);
    await append(table.entries);
  }

  for await (const { position, fragment, adler32 } of deflatedGrains(request)) {
    const grain = position / unitBytes;
    const number = Math.floor(grain / entriesPerTable);
    if (table?.number !== number) {
      await finishTable();
      table = { number, entries: Buffer.alloc(tableSectors * sectorBytes) };
    }
    table.entries.writeUInt32LE(sectors, (grain % entriesPerTable) * 4);
    const trailer = Buffer.alloc(lastDeflateBlock.length + 4);
    lastDeflateBlock.copy(trailer);
    trailer.writeUInt32BE(adler32, lastDeflateBlock.length);
    const head = Buffer.alloc(12);
    head.writeBigUInt64LE(BigInt(position / sectorBytes), 0);
    head.writeUInt32LE(zlibHeader.length + fragment.length + trailer.length, 8);
    await append(head, zlibHeader, fragment, trailer);
    grains++;
  }
  await finishTable();

  await append(marker(markers.grainDirectory, directory.length / sectorBytes));
  const directoryAt = sectors;
  await append(directory);
  await append(marker(markers.footer, 1));
  await append(header(disk.size, BigInt(directoryAt)));
  await append(marker(markers.endOfStream, 0));
  return { populatedSize: Math.min(grains * unitBytes, disk.size) };
}

/** The first sector, and the footer, which alone knows where the directory is. */
function header(diskSize: number, directory: bigint): Buffer {
  const bytes = Buffer.alloc(sectorBytes);
  bytes.writeUInt32LE(magic, 0);
  bytes.writeUInt32LE(version, 4);
  bytes.writeUInt32LE(flags.detectsNewlines | flags.isCompressed | flags.hasMarkers, 8);
  bytes.writeBigUInt64LE(BigInt(diskSize / sectorBytes), 12);
  bytes.writeBigUInt64LE(BigInt(grainSectors), 20);
  bytes.writeBigUInt64LE(BigInt(descriptorAt), 28);
  bytes.writeBigUInt64LE(BigInt(descriptorSectors), 36);
  bytes.writeUInt32LE(entriesPerTable, 44);
  bytes.writeBigUInt64LE(directory, 56);
  bytes.writeBigUInt64LE(BigInt(overheadSectors), 64);
  // Whoever sends the file as text changes these.
  bytes.write('\n \r\n', 73, 'latin1');
  bytes.writeUInt16LE(deflate, 77);
  return bytes;
}

/** A sector that says what follows. @param sectors how many follow */
function marker(type: number, sectors: number): Buffer {
  const bytes = Buffer.alloc(sectorBytes);
  bytes.writeBigUInt64LE(BigInt(sectors), 0);
  bytes.writeUInt32LE(type, 12);
  return bytes;
}

function describe(diskSize: number, adapter: VmdkAdapter, names: { contentId: string; fileName: string }): Buffer {
  const cylinders = Math.floor(diskSize / (sectorBytes * sectorsPerTrack * adapter.heads));
  const text = `# Disk DescriptorFile
version=1
CID=${names.contentId}
parentCID=ffffffff
createType="streamOptimized"

# Extent description
RW ${diskSize / sectorBytes} SPARSE "${names.fileName.replaceAll(/[^\w.+-]/g, '_')}"

# The Disk Data Base
#DDB

ddb.virtualHWVersion = "${adapter.hardwareVersion}"
ddb.geometry.cylinders = "${cylinders}"
ddb.geometry.heads = "${adapter.heads}"
ddb.geometry.sectors = "${sectorsPerTrack}"
ddb.adapterType = "${adapter.name}"
ddb.toolsVersion = "2147483647"
`;
  const bytes = Buffer.alloc(descriptorSectors * sectorBytes);
  bytes.write(text, 'latin1');
  return bytes;
}
