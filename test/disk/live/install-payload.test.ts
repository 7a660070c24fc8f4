import { createHash } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { imageThreads } from '../../../src/disk/image-threads.ts';
import { type InstallableDisk, installPayload } from '../../../src/disk/live/install-payload.ts';
import type { SectorSize } from '../../../src/disk/partitions/gpt.ts';
import { sha256Hex } from '../../../src/lib/digest.ts';
import { type DiskPiece, sparseDisk } from '../../helpers/sparse-disk.ts';

const threads = imageThreads({ size: 2 });
afterAll(() => threads[Symbol.dispose]());
const { signal } = new AbortController();

const mebibyte = 1 << 20;
const block = 4096;
const size = 8 * mebibyte;
const root = { offset: 4 * mebibyte, size: 3 * mebibyte, firstSector: 0 };

/** Bytes of which no block is like another. */
function content(name: string, blocks: number): Buffer {
  const parts = Array.from({ length: (blocks * block) / 32 }, (_, index) =>
    createHash('sha256').update(`${name} ${index}`).digest(),
  );
  return Buffer.concat(parts);
}

const kernel = content('kernel', 20);
const rest = content('rest', 30);
/** In the root, where the boot filesystem has the kernel, too; and a hole in it. */
const ofRoot: DiskPiece[] = [
  { position: root.offset, bytes: rest },
  { position: root.offset + mebibyte, bytes: kernel },
];

/** A disk, all of which may be read. */
function disk(sectorSize: SectorSize, pieces: readonly DiskPiece[]): InstallableDisk & { whole: Buffer } {
  const whole = Buffer.alloc(size);
  for (const { position, bytes } of pieces) whole.set(bytes, position);
  const read = async (position: number, buffer: Uint8Array) =>
    void buffer.set(whole.subarray(position, position + buffer.length));
  return { source: { ...sparseDisk(size, pieces), read }, sectorSize, root, whole };
}

const table = (sectorSize: number) => ({ position: 0, bytes: content(`table ${sectorSize}`, 1) });
const boot: DiskPiece[] = [
  { position: mebibyte, bytes: content('boot', 3) },
  { position: 2 * mebibyte, bytes: kernel },
];
const metal = disk(512, [table(512), ...boot, ...ofRoot]);

async function payload(...others: InstallableDisk[]): Promise<Map<string, Buffer>> {
  const description = ['os', '1.0', 'x86_64'] as const;
  const files = await installPayload({ metal, others, description, threads, signal });
  const contents = new Map<string, Buffer>();
  for (const { path, content: file } of files) {
    const bytes = Buffer.alloc(file.size);
    for (const { offset, length } of file.extents) {
      // Pieces that end where no block does.
      for (let at = offset; at < offset + length; at += 99_999) {
        await file.read(at, bytes.subarray(at, Math.min(at + 99_999, offset + length)));
      }
    }
    contents.set(path, bytes);
  }
  return contents;
}

/** The lines of a layout, and the disk that an installer writes by it. */
function installed(files: ReadonlyMap<string, Buffer>, sectorSize: number) {
  const text = files.get(`install/${sectorSize}/layout`)?.toString() ?? '';
  const lines = text.trimEnd().split('\n');
  const bytes = Buffer.alloc(size);
  const data = lines.filter((line) => line.startsWith('data ')).map((line) => line.split(' ').slice(1));
  for (const [offset, length, file = '', fileOffset] of data) {
    const path = file.startsWith('../') ? file.slice(3) : `install/${file}`;
    const from = files.get(path) ?? Buffer.alloc(0);
    from.copy(bytes, Number(offset), Number(fileOffset), Number(fileOffset) + Number(length));
  }
  return { head: lines.slice(0, 4), data, bytes };
}

describe('what live media install', () => {
  it('is the disk, of which the root is a file and the kernel is stored once', async () => {
    const files = await payload();
    expect([...files.keys()]).toEqual(['root.img', 'install/512/layout', 'install/512/disk.img']);
    const { whole } = metal;
    expect(files.get('root.img')?.equals(whole.subarray(root.offset, root.offset + root.size))).toBe(true);
    // The table and the boot filesystem's own: four blocks.
    expect(files.get('install/512/disk.img')).toHaveLength(4 * block);
    const { head, data, bytes } = installed(files, 512);
    expect(head).toEqual([
      `size ${size}`,
      `sha256 ${sha256Hex(whole)}`,
      'sector-size 512',
      'description os 1.0 x86_64',
    ]);
    expect(bytes.equals(whole)).toBe(true);
    expect(data).toContainEqual([`${2 * mebibyte}`, `${kernel.length}`, '../root.img', `${mebibyte}`]);
  });

  it('is another disk with the same root, too: only what differs is stored', async () => {
    const other = disk(4096, [table(4096), ...boot, ...ofRoot]);
    const files = await payload(other);
    expect(files.get('install/4096/disk.img')).toHaveLength(block);
    for (const one of [metal, other]) expect(installed(files, one.sectorSize).bytes.equals(one.whole)).toBe(true);
  });

  it('is a disk whose root has other blocks, and zeros where the first has none', async () => {
    const [first, ...others] = ofRoot as [DiskPiece, DiskPiece];
    const changed = Buffer.from(first.bytes);
    content('changed', 1).copy(changed, 2 * block);
    changed.fill(0, 5 * block, 7 * block);
    const more = { position: root.offset + 2 * mebibyte, bytes: content('more', 2) };
    const other = disk(4096, [...boot, { ...first, bytes: changed }, ...others, more]);
    const files = await payload(other);
    expect(files.get('install/4096/disk.img')).toHaveLength(3 * block);
    const { bytes, head } = installed(files, 4096);
    expect(bytes.equals(other.whole)).toBe(true);
    expect(head[1]).toBe(`sha256 ${sha256Hex(other.whole)}`);
  });

  it('is nothing where a disk cannot be read, or nobody waits any more', async () => {
    const broken = disk(4096, []);
    const source = {
      ...broken.source,
      extents: [{ offset: 0, length: block }],
      read: () => Promise.reject(new Error('EIO')),
    };
    await expect(payload({ ...broken, source })).rejects.toThrow('EIO');
    const request = { metal, others: [], description: ['os', '1.0', 'x86_64'] as const, threads };
    const stopped = AbortSignal.abort(new Error('stopped'));
    await expect(installPayload({ ...request, signal: stopped })).rejects.toThrow('stopped');
  });
});
