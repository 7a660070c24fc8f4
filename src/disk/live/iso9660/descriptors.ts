import { noDate, volumeDate } from './dates.ts';
import { directoryRecord, type IsoPlace } from './directory.ts';
import { bothOrders16, bothOrders32, sectorBytes } from './numbers.ts';

/** What an ISO is called. */
export interface VolumeIdentity {
  /** At most 32 ASCII characters: the label. */
  volume: string;
  /** At most 128 ASCII characters. */
  volumeSet: string;
  /** Seconds since the epoch. */
  timestamp: number;
}

/** One of an ISO's trees, as its volume descriptor has it. */
export interface VolumeTree {
  root: IsoPlace;
  /** Bytes of a path table. */
  pathTableSize: number;
  /** Sectors. */
  littlePathTable: number;
  bigPathTable: number;
}

const descriptorType = { boot: 0, primary: 1, supplementary: 2, end: 255 } as const;

function descriptor(type: number): Buffer {
  const bytes = Buffer.alloc(sectorBytes);
  bytes.writeUInt8(type, 0);
  bytes.write('CD001', 1, 'latin1');
  bytes.writeUInt8(1, 6);
  return bytes;
}

/** The volume descriptor of the tree that everybody reads (ECMA-119, 8.4). */
export function primaryDescriptor(identity: VolumeIdentity, tree: VolumeTree, sectors: number): Buffer {
  const text = (value: string, length: number) => Buffer.from(value.padEnd(length).slice(0, length), 'latin1');
  return volumeDescriptor(descriptorType.primary, identity, tree, sectors, text);
}

/** The same for Joliet (8.5), whose texts are UCS-2. */
export function jolietDescriptor(identity: VolumeIdentity, tree: VolumeTree, sectors: number): Buffer {
  const text = (value: string, length: number) =>
    Buffer.from(value.padEnd(length).slice(0, length / 2), 'utf16le').swap16();
  const bytes = volumeDescriptor(descriptorType.supplementary, identity, tree, sectors, text);
  // UCS-2, level 3.
  bytes.write('%/E', 88, 'latin1');
  return bytes;
}

function volumeDescriptor(
  type: number,
  { volume, volumeSet, timestamp }: VolumeIdentity,
  tree: VolumeTree,
  sectors: number,
  text: (value: string, length: number) => Buffer,
): Buffer {
  const bytes = descriptor(type);
  text('LINUX', 32).copy(bytes, 8);
  text(volume, 32).copy(bytes, 40);
  bothOrders32(sectors).copy(bytes, 80);
  bothOrders16(1).copy(bytes, 120);
  bothOrders16(1).copy(bytes, 124);
  bothOrders16(sectorBytes).copy(bytes, 128);
  bothOrders32(tree.pathTableSize).copy(bytes, 132);
  bytes.writeUInt32LE(tree.littlePathTable, 140);
  bytes.writeUInt32BE(tree.bigPathTable, 148);
  directoryRecord(Buffer.from([0]), tree.root, true, timestamp).copy(bytes, 156);
  text(volumeSet, 128).copy(bytes, 190);
  // Publisher, preparer and application, and the files that tell of rights, contents and literature.
  for (const [at, length] of [
    [318, 128],
    [446, 128],
    [574, 128],
    [702, 37],
    [739, 37],
    [776, 37],
  ] as const) {
    text('', length).copy(bytes, at);
  }
  volumeDate(timestamp).copy(bytes, 813);
  volumeDate(timestamp).copy(bytes, 830);
  noDate.copy(bytes, 847);
  volumeDate(timestamp).copy(bytes, 864);
  bytes.writeUInt8(1, 881);
  return bytes;
}

/** Says where the boot catalog lies ("El Torito" Bootable CD-ROM Format Specification, version 1.0, figure 7). */
export function bootDescriptor(catalogSector: number): Buffer {
  const bytes = descriptor(descriptorType.boot);
  bytes.write('EL TORITO SPECIFICATION', 7, 'latin1');
  bytes.writeUInt32LE(catalogSector, 71);
  return bytes;
}

/** Ends the descriptors (8.3). */
export function endDescriptor(): Buffer {
  return descriptor(descriptorType.end);
}
