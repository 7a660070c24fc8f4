// https://gitlab.com/qemu-project/qemu/-/blob/master/docs/interop/qcow2.rst
import { decompressZstd } from '../../lib/compress/decompress-zstd.ts';
import { firstFrame } from '../../lib/compress/zstd-frames.ts';
import { verificationError } from '../../lib/errors.ts';
import type { Extent } from '../extents.ts';
import { qcow2 } from '../formats/qcow2.ts';
import { qcow2Compressed } from '../formats/qcow2-compressed.ts';
import { inflate } from './inflate.ts';
import { bytesAt, type ImageFile, invalidImage, type OpenedImage, requireDiskSize } from './opened.ts';
import { remembering, unitsSource } from './units.ts';

/** Bits of `incompatible_features`. */
const feature = { dirty: 1n, corrupt: 2n, externalData: 4n, compressionType: 8n, extendedL2: 16n } as const;
const compressionTypes = ['zlib', 'zstd'] as const;
/** In an L2 entry. */
const entryFlag = { compressed: 1n << 62n, zero: 1n } as const;
const offsetMask = 0x00fffffffffffe00n;
/** As much as QEMU takes. */
const largestL1 = 32 << 20;
/** What a compressed cluster cannot be smaller than: a hostile image must not be far larger inside than outside. */
const smallestCompressed = 16;
const tablesKept = 16;

interface Header {
  clusterBytes: number;
  size: number;
  l1: Buffer;
  compression: (typeof compressionTypes)[number];
}

/** @throws CosaError `DISK_INVALID`, `DISK_REFERENCE` (exit 4) */
export async function openQcow2(file: ImageFile): Promise<OpenedImage> {
  const { clusterBytes, size, l1, compression } = await readHeader(file);
  const entries = clusterBytes / 8;
  const table = remembering(tablesKept, (number: number) => {
    const offset = Number(l1.readBigUInt64BE(number * 8) & offsetMask);
    return offset === 0 ? Promise.resolve(undefined) : bytesAt(file, offset, clusterBytes);
  });
  const entryOf = async (cluster: number) =>
    (await table(Math.floor(cluster / entries)))?.readBigUInt64BE((cluster % entries) * 8) ?? 0n;

  const decompressed = remembering(tablesKept, async (cluster: number) => {
    const entry = await entryOf(cluster);
    // The lower part is the offset, the upper the number of sectors besides the first.
    const shift = BigInt(62 - (Math.log2(clusterBytes) - 8));
    const offset = Number(entry & ((1n << shift) - 1n));
    const sectors = Number((entry & (entryFlag.compressed - 1n)) >> shift);
    const end = Math.min(file.size, offset - (offset % 512) + (sectors + 1) * 512);
    if (end <= offset) throw invalidImage(file, `cluster ${cluster} is behind its end`);
    const bytes = await bytesAt(file, offset, end - offset);
    try {
      return compression === 'zlib' ? await inflate(bytes, 'deflate', clusterBytes) : await unzstd(bytes, clusterBytes);
    } catch (cause) {
      throw verificationError(
        'DISK_INVALID',
        `the disk image ${file.path} cannot be read: cluster ${cluster} is damaged`,
        {
          cause,
        },
      );
    }
  });

  const { extents, isCompressed } = await survey();
  const source = unitsSource({
    size,
    unitBytes: clusterBytes,
    extents,
    async readUnit(cluster, offset, buffer) {
      const entry = await entryOf(cluster);
      if ((entry & entryFlag.compressed) !== 0n) {
        buffer.set((await decompressed(cluster)).subarray(offset, offset + buffer.length));
        return;
      }
      const place = Number(entry & offsetMask);
      if (place === 0 || (entry & entryFlag.zero) !== 0n) buffer.fill(0);
      else await file.read(place + offset, buffer);
    },
  });
  return { source, format: isCompressed ? qcow2Compressed : qcow2 };

  /** Looks through all tables: what clusters there are, and that there are not more of them than the file can hold. */
  async function survey(): Promise<{ extents: Extent[]; isCompressed: boolean }> {
    const extents: Extent[] = [];
    let [tables, plain, compressed] = [0, 0, 0];
    for (let number = 0; number < l1.length / 8; number++) {
      const l2 = await table(number);
      if (l2 === undefined) continue;
      if (++tables * clusterBytes > file.size) throw invalidImage(file, 'it names more tables than it has');
      for (let index = 0; index < entries; index++) {
        const entry = l2.readBigUInt64BE(index * 8);
        const isCompressedEntry = (entry & entryFlag.compressed) !== 0n;
        if (!isCompressedEntry && ((entry & offsetMask) === 0n || (entry & entryFlag.zero) !== 0n)) continue;
        if (isCompressedEntry) compressed++;
        else plain++;
        if (plain * clusterBytes + compressed * smallestCompressed > file.size) {
          throw invalidImage(file, 'its tables name more clusters than it has');
        }
        const offset = (number * entries + index) * clusterBytes;
        const last = extents.at(-1);
        if (last !== undefined && last.offset + last.length === offset) last.length += clusterBytes;
        else extents.push({ offset, length: clusterBytes });
      }
    }
    return { extents, isCompressed: compressed > plain };
  }
}

async function readHeader(file: ImageFile): Promise<Header> {
  const header = await bytesAt(file, 0, 72);
  const version = header.readUInt32BE(4);
  if (version !== 2 && version !== 3) throw invalidImage(file, `its version is ${version}`);
  const rest = version === 3 ? await bytesAt(file, 72, 40) : Buffer.alloc(40);
  const features = rest.readBigUInt64BE(0);
  if (header.readBigUInt64BE(8) !== 0n || (features & feature.externalData) !== 0n) {
    throw verificationError('DISK_REFERENCE', `${file.path} refers to another file, which holds a part of the disk`, {
      hint: `if you know what it refers to, make it whole: qemu-img convert -O qcow2 ${file.path} NEW.qcow2`,
    });
  }
  if ((features & ~feature.compressionType) !== 0n) {
    throw invalidImage(file, 'it is in use, damaged, or has features that are not known');
  }
  const clusterBits = header.readUInt32BE(20);
  if (clusterBits < 9 || clusterBits > 21)
    throw invalidImage(file, `its clusters have 2 to the power of ${clusterBits} bytes`);
  if (header.readUInt32BE(32) !== 0) throw invalidImage(file, 'it is encrypted');
  const clusterBytes = 2 ** clusterBits;
  const size = requireDiskSize(file, Number(header.readBigUInt64BE(24)));
  const needed = Math.ceil(size / ((clusterBytes / 8) * clusterBytes));
  const l1Entries = header.readUInt32BE(36);
  if (l1Entries < needed || needed * 8 > largestL1)
    throw invalidImage(file, `its first table has ${l1Entries} entries`);
  const isTyped = (features & feature.compressionType) !== 0n && rest.readUInt32BE(28) > 104;
  const compression = compressionTypes[isTyped ? rest.readUInt8(32) : 0];
  if (compression === undefined) throw invalidImage(file, 'it is compressed in a way that is not known');
  const l1 = await bytesAt(file, Number(header.readBigUInt64BE(40)), needed * 8);
  return { clusterBytes, size, l1, compression };
}

async function unzstd(bytes: Buffer, length: number): Promise<Buffer> {
  async function* once() {
    yield firstFrame(bytes);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of decompressZstd(once())) {
    size += chunk.length;
    if (size > length) throw new Error('it gives too many bytes');
    chunks.push(Buffer.from(chunk));
  }
  if (size !== length) throw new Error(`it gives ${size} bytes`);
  return Buffer.concat(chunks);
}
