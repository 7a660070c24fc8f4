import { mapParallel } from '../../lib/parallel.ts';
import { type Extent, joinExtents } from '../extents.ts';
import type { ImageThreads } from '../image-threads.ts';
import type { SectorSize } from '../partitions/gpt.ts';
import type { Region } from '../partitions/region.ts';
import type { DiskSource } from '../source.ts';
import { bytesContent, type LiveFile } from './filesystems/live-filesystem.ts';
import { blockBytes, blockKey, hashDisk, isZeroBlock, pieceBytes, readPieces } from './install/blocks.ts';
import { type FoundBlocks, foundBlocks } from './install/found-blocks.ts';
import { type LayoutStretch, layoutText, stretchList } from './install/layout.ts';
import { type StoredBlocks, storedBlocks, stretchContent } from './install/stored-blocks.ts';

/** A disk that live systems can install. */
export interface InstallableDisk {
  source: DiskSource;
  sectorSize: SectorSize;
  /** The root partition. */
  root: Region;
}

export interface InstallPayloadRequest {
  /** Its root partition is what the live system runs from. */
  metal: InstallableDisk;
  /** The same system for disks with other sectors. */
  others: readonly InstallableDisk[];
  /** Of what they hold. */
  description: readonly [name: string, version: string, architecture: string];
  threads: ImageThreads;
  signal: AbortSignal;
}

/** A block of a disk that is stored beside root. */
interface BlockBeside {
  offset: number;
  key: string;
}

/** Where a block's bytes are. */
type BlockPlace = Pick<LayoutStretch, 'file' | 'fileOffset'>;

/** The root partition as a file, and the directory with what else disks are written from. */
const rootName = 'root.img';
const directory = 'install';
const rootFile = `../${rootName}`;
/** So few zeros are written with what is around them: each stretch costs an installer more. */
const mostGap = 65536;

/**
 * The files of a live system: the root partition, and what whole disks are written from. What the disks have in common is
 * stored once, and so is what the boot partition has in common with the root filesystem. Each disk is read to its end, for
 * its checksum.
 * @throws what the disks and the threads throw; the signal's reason
 */
export async function installPayload(request: InstallPayloadRequest): Promise<LiveFile[]> {
  const { metal, others, description, signal } = request;
  const disks = [metal, ...others];
  const inRoot = foundBlocks();
  const beside = new Map<InstallableDisk, BlockBeside[]>();
  for (const disk of disks) beside.set(disk, await blocksBesideRoot(disk, inRoot, signal));

  const root = stretchContent(metal.source, { offset: metal.root.offset, length: metal.root.size });
  const files: LiveFile[] = [{ path: rootName, content: root }];
  const stored = new Map<string, BlockPlace>();
  // Side by side: each is hashed by one thread.
  const readOne = (disk: InstallableDisk, stopped: AbortSignal) =>
    readDisk(disk, { ...request, signal: stopped }, inRoot);
  const read = await mapParallel(disks, readOne, disks.length, signal);
  for (const [index, disk] of disks.entries()) {
    const { source, sectorSize } = disk;
    const blocks = beside.get(disk) as BlockBeside[];
    const { sha256, stretches, different } = read[index] as ReadDisk;
    const own = storedBlocks(source);
    const name = `${sectorSize}/disk.img`;
    const placed = placeBlocks([...blocks, ...different].sort(byOffset), { inRoot, stored, own, name });
    const all = [...placed, ...stretches].sort(byOffset);
    const layout = layoutText({ size: source.size, sha256, sectorSize, description, stretches: all });
    files.push({ path: `${directory}/${sectorSize}/layout`, content: bytesContent(Buffer.from(layout)) });
    const content = own.content();
    if (content.size > 0) files.push({ path: `${directory}/${name}`, content });
  }
  return files;
}

const byOffset = (a: { offset: number }, b: { offset: number }) => a.offset - b.offset;

/** Reads what lies before root and behind it, and has it looked for within. */
async function blocksBesideRoot(
  { source, root }: InstallableDisk,
  inRoot: FoundBlocks,
  signal: AbortSignal,
): Promise<BlockBeside[]> {
  const end = root.offset + root.size;
  const around: Extent[] = [
    { offset: 0, length: root.offset },
    { offset: end, length: source.size - end },
  ];
  const blocks: BlockBeside[] = [];
  const take = (position: number, piece: Buffer) => {
    for (let at = 0; at < piece.length; at += blockBytes) {
      const block = piece.subarray(at, at + blockBytes);
      if (isZeroBlock(block)) continue;
      const key = blockKey(block);
      blocks.push({ offset: position + at, key });
      inRoot.want(key, block);
    }
  };
  for (const extent of around) await readPieces(source, extent, take, signal);
  return blocks;
}

/** What is to be known of a disk beside its blocks around root. */
interface ReadDisk {
  sha256: string;
  /** Of the root partition, which are those of the first disk. */
  stretches: readonly LayoutStretch[];
  /** Of the root partition, where the first disk has others. */
  different: readonly BlockBeside[];
}

/** Reads a disk: of the first one, the root partition is looked through; that of another is compared with the first one's. */
async function readDisk(
  disk: InstallableDisk,
  { metal, threads, signal }: InstallPayloadRequest,
  inRoot: FoundBlocks,
): Promise<ReadDisk> {
  const { source, root } = disk;
  const list = stretchList();
  const different: BlockBeside[] = [];
  const shift = root.offset - metal.root.offset;
  const other = Buffer.allocUnsafeSlow(pieceBytes);
  /** Blocks that differ may not be bridged. */
  let gap = mostGap;

  async function take(position: number, piece: Buffer): Promise<void> {
    const begin = Math.max(position, root.offset);
    const ofRoot = piece.subarray(begin - position, Math.max(begin, root.offset + root.size) - position);
    if (ofRoot.length === 0) return;
    const expected = disk === metal ? ofRoot : other.subarray(0, ofRoot.length);
    if (disk === metal) inRoot.look(begin - root.offset, ofRoot);
    else await metal.source.read(begin - shift, expected);
    for (let at = 0; at < ofRoot.length; at += blockBytes) {
      const block = ofRoot.subarray(at, at + blockBytes);
      const offset = begin + at;
      const isZero = isZeroBlock(block);
      if (!block.equals(expected.subarray(at, at + blockBytes))) {
        if (!isZero) different.push({ offset, key: blockKey(block) });
        gap = 0;
      } else if (!isZero) {
        list.add({ offset, length: blockBytes, file: rootFile, fileOffset: offset - root.offset }, gap);
        gap = mostGap;
      }
    }
  }

  const ofMetal = metal.source.extents.map(({ offset, length }) => ({ offset: offset + shift, length }));
  const extents = disk === metal ? source.extents : joinExtents([...source.extents, ...ofMetal]);
  const sha256 = await hashDisk(source, extents, take, threads, signal);
  return { sha256, stretches: list.stretches, different };
}

interface BlockStores {
  /** Blocks of root.img. */
  inRoot: FoundBlocks;
  /** Where blocks are that were stored before; gets those that are stored now. */
  stored: Map<string, BlockPlace>;
  /** Of the disk, for what is nowhere yet. */
  own: StoredBlocks;
  /** The file that those become. */
  name: string;
}

/** Finds a place for each block: rather where the last one's goes on, so that stretches are few and long. */
function placeBlocks(
  blocks: readonly BlockBeside[],
  { inRoot, stored, own, name }: BlockStores,
): readonly LayoutStretch[] {
  const list = stretchList();
  for (const { offset, key } of blocks) {
    const before = stored.get(key);
    const places: BlockPlace[] = inRoot.placesOf(key).map((fileOffset) => ({ file: rootFile, fileOffset }));
    if (before !== undefined) places.push(before);
    const next = places.find(({ file, fileOffset }) => list.goesOn(offset, file, fileOffset));
    const place = next ?? places[0] ?? { file: name, fileOffset: own.add({ offset, length: blockBytes }) };
    if (places.length === 0) stored.set(key, place);
    list.add({ offset, length: blockBytes, ...place });
  }
  return list.stretches;
}
