import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { qcow2 } from '../../src/disk/formats/qcow2.ts';
import { qcow2Compressed } from '../../src/disk/formats/qcow2-compressed.ts';
import { raw } from '../../src/disk/formats/raw.ts';
import { vhd } from '../../src/disk/formats/vhd.ts';
import { vhdx } from '../../src/disk/formats/vhdx.ts';
import { vmdk } from '../../src/disk/formats/vmdk.ts';
import { writeImageFile } from '../../src/disk/image-file.ts';
import { openDiskImage } from '../../src/disk/image-source.ts';
import { type ImageThreads, imageThreads } from '../../src/disk/image-threads.ts';
import type { DiskSource } from '../../src/disk/source.ts';
import { sparseDisk } from '../helpers/sparse-disk.ts';

let directory: string;
let threads: ImageThreads;
const { signal } = new AbortController();
const mebibyte = 1 << 20;
const size = 4 * mebibyte;
/** So that a raw disk is known to be one. */
const table = { position: 512, bytes: Buffer.from('EFI PART') };

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'image-source-'));
  threads = imageThreads({ size: 1 });
});
afterAll(() => {
  threads[Symbol.dispose]();
  rmSync(directory, { recursive: true });
});
beforeEach(() => {
  rmSync(join(directory, 'scratch'), { recursive: true, force: true });
  mkdirSync(join(directory, 'scratch'));
});

const at = (name: string) => join(directory, name);
const identity = { uuid: () => '01234567-89ab-8def-8123-456789abcdef', fileName: 'disk' };

/** A disk with zeros, what is compressed well, and what is not. */
function someContent(): Buffer {
  const content = Buffer.alloc(5 * mebibyte);
  content.write('EFI PART', 512);
  for (let index = 3 * mebibyte; index < 4 * mebibyte; index++) content[index] = (index * 7919) >>> 5;
  content.fill('text ', mebibyte, mebibyte + 200_000);
  return content;
}

/** All of a disk, by pieces that fit no unit. */
async function contentOf(disk: DiskSource): Promise<Buffer> {
  const content = Buffer.alloc(disk.size);
  for (let position = 0; position < disk.size; position += 300_001) {
    await disk.read(position, content.subarray(position, Math.min(disk.size, position + 300_001)));
  }
  return content;
}

async function readBack(path: string): Promise<{ content: Buffer; name: string; compressor: string | undefined }> {
  rmSync(join(directory, 'scratch', 'decompressed'), { force: true });
  await using image = await openDiskImage(path, { directory: join(directory, 'scratch') }, signal);
  return { content: await contentOf(image.source), name: image.format.name, compressor: image.compressor?.name };
}

/** Reads what must not be readable. @returns little: a test that fails prints it */
async function tryToRead(path: string): Promise<string> {
  rmSync(join(directory, 'scratch', 'decompressed'), { force: true });
  await using image = await openDiskImage(path, { directory: join(directory, 'scratch') }, signal);
  const buffer = Buffer.alloc(65536);
  for (const { offset, length } of image.source.extents) {
    for (let done = 0; done < length; done += buffer.length) {
      await image.source.read(offset + done, buffer.subarray(0, Math.min(buffer.length, length - done)));
    }
  }
  return image.format.name;
}

const piece = fc
  .tuple(fc.integer({ min: 1, max: size / 65536 - 1 }), fc.nat(60_000), fc.integer({ min: 1, max: 5000 }), fc.nat(255))
  .map(([unit, offset, length, byte]) => {
    const bytes = Buffer.alloc(Math.min(length, 65536 - offset), byte);
    for (let index = 0; index < bytes.length; index += 7) bytes[index] = index & 0xff;
    return { position: unit * 65536 + offset, bytes };
  });
const pieces = fc.uniqueArray(piece, { maxLength: 12, selector: ({ position }) => Math.floor(position / 65536) });

describe('a disk image', () => {
  it.each([qcow2, qcow2Compressed, vmdk, vhd, vhdx, raw])('of ours is read back: $name', async (format) => {
    await fc.assert(
      fc.asyncProperty(pieces, async (given) => {
        const disk = sparseDisk(
          size,
          [table, ...given].sort((a, b) => a.position - b.position),
        );
        rmSync(at('own'), { force: true });
        await writeImageFile(at('own'), { threads, signal }, (sink) =>
          format.write({ disk, identity, threads, signal }, sink),
        );
        const read = await readBack(at('own'));
        const expected = Buffer.alloc(size);
        for (const { position, bytes } of disk.pieces) expected.set(bytes, position);
        expect(read.content.equals(expected)).toBe(true);
        // Without contents nothing is compressed.
        if (given.length > 0) expect(read.name).toBe(format.name);
      }),
      { numRuns: 6 },
    );
  });

  it.each([
    ['qcow2', [], 'qcow2'],
    ['qcow2', ['-o', 'compat=0.10'], 'qcow2'],
    ['qcow2', ['-o', 'cluster_size=512'], 'qcow2'],
    ['qcow2', ['-o', 'cluster_size=2M'], 'qcow2'],
    ['qcow2', ['-c'], 'qcow2-compressed'],
    ['qcow2', ['-c', '-o', 'cluster_size=4k'], 'qcow2-compressed'],
    ['qcow2', ['-c', '-o', 'compression_type=zstd'], 'qcow2-compressed'],
    ['vmdk', ['-o', 'subformat=streamOptimized'], 'vmdk'],
    ['vpc', ['-o', 'subformat=fixed,force_size=on'], 'vhd'],
    ['vhdx', [], 'vhdx'],
    ['vhdx', ['-o', 'subformat=fixed,block_size=2M'], 'vhdx'],
    ['raw', [], 'raw'],
  ])("of QEMU's is read: %s %j", async (format, options, name) => {
    const content = someContent();
    writeFileSync(at('content.raw'), content);
    execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', format, ...options, at('content.raw'), at('qemu')]);
    const read = await readBack(at('qemu'));
    expect(read.name).toBe(name);
    expect(read.content.equals(content)).toBe(true);
  });

  it.each(['gzip', 'xz', 'zstd'])('is read through %s', async (program) => {
    const content = Buffer.alloc(3 * mebibyte + 4096);
    content.write('EFI PART', 512);
    content.fill('text ', 2 * mebibyte + 5, 2 * mebibyte + 200_000);
    writeFileSync(at('content.raw'), content);
    writeFileSync(
      at('compressed'),
      execFileSync(program, ['--stdout', '--force', at('content.raw')], { maxBuffer: 1 << 26 }),
    );
    const read = await readBack(at('compressed'));
    expect(read.compressor).toBe(program);
    expect(read.content.equals(content)).toBe(true);
    truncateSync(at('compressed'), 100);
    await expect(tryToRead(at('compressed'))).rejects.toMatchObject({
      code: expect.stringMatching(/^(DISK_INVALID|ZSTD_INVALID|TOOL_FAILED)$/),
    });
  });
});

/** A qcow2 with one cluster of contents, some bytes changed. */
function qcow2With(change: (image: Buffer) => void): void {
  const content = Buffer.alloc(mebibyte);
  content.write('EFI PART', 512);
  writeFileSync(at('content.raw'), content);
  execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', at('content.raw'), at('bad')]);
  const image = readFileSync(at('bad'));
  change(image);
  writeFileSync(at('bad'), image);
}

const l1Of = (image: Buffer) => Number(image.readBigUInt64BE(40));
const l2Of = (image: Buffer) => Number(image.readBigUInt64BE(l1Of(image)) & 0xfffffffffffe00n);
const terabyte = 2n ** 40n;

describe('a qcow2 of unknown origin', () => {
  it.each<[string, (image: Buffer) => void, RegExp]>([
    ['with a version of the future', (image) => image.writeUInt32BE(4, 4), /its version is 4$/],
    ['with clusters of a byte', (image) => image.writeUInt32BE(0, 20), /its clusters have 2 to the power of 0 bytes$/],
    [
      'with clusters of gigabytes',
      (image) => image.writeUInt32BE(31, 20),
      /its clusters have 2 to the power of 31 bytes$/,
    ],
    ['that is encrypted', (image) => image.writeUInt32BE(1, 32), /it is encrypted$/],
    ['without a disk', (image) => image.writeBigUInt64BE(0n, 24), /it says that its disk has 0 bytes$/],
    [
      'with a disk that nobody has',
      (image) => image.writeBigUInt64BE(2n ** 62n, 24),
      /it says that its disk has \d+ bytes$/,
    ],
    ['with too small a table', (image) => image.writeBigUInt64BE(8n * terabyte, 24), /its first table has 1 entries$/],
    [
      'whose table is behind its end',
      (image) => image.writeBigUInt64BE(terabyte, 40),
      /it refers to byte \d+, which is behind its end: it is cut off or damaged$/,
    ],
    [
      'whose second table is behind its end',
      (image) => image.writeBigUInt64BE(terabyte, l1Of(image)),
      /it refers to byte 1099511627776, which is behind its end/,
    ],
    [
      'whose second table is at a number that no system reads',
      (image) => image.writeBigUInt64BE(0x00fffffffffffe00n, l1Of(image)),
      /it refers to byte 72057594037927420, which is behind its end/,
    ],
    [
      'whose empty second table is there again and again',
      (image) => {
        image.fill(0, l2Of(image), l2Of(image) + 65536);
        image.writeBigUInt64BE(2n ** 34n, 24);
        image.writeUInt32BE(32, 36);
        for (let index = 0; index < 32; index++) image.writeBigUInt64BE(BigInt(l2Of(image)), l1Of(image) + 8 * index);
      },
      /it names more tables than it has$/,
    ],
    [
      'that is in use',
      (image) => image.writeBigUInt64BE(1n, 72),
      /it is in use, damaged, or has features that are not known$/,
    ],
    [
      'whose tables are itself, again and again',
      (image) => {
        image.writeBigUInt64BE(2n ** 34n, 24);
        image.writeUInt32BE(32, 36);
        for (let index = 0; index < 8192; index++) image.writeBigUInt64BE(65536n, l2Of(image) + 8 * index);
        for (let index = 0; index < 32; index++) image.writeBigUInt64BE(BigInt(l2Of(image)), l1Of(image) + 8 * index);
      },
      /its tables name more clusters than it has$/,
    ],
  ])('%s is refused', async (_name, change, message) => {
    qcow2With(change);
    await expect(tryToRead(at('bad'))).rejects.toMatchObject({
      code: 'DISK_INVALID',
      exitStatus: 4,
      message: expect.stringMatching(message),
    });
  });

  it('never has parts in other files', async () => {
    for (const change of [
      (image: Buffer) => image.writeBigUInt64BE(512n, 8),
      (image: Buffer) => image.writeBigUInt64BE(4n, 72),
    ]) {
      qcow2With(change);
      await expect(tryToRead(at('bad'))).rejects.toMatchObject({
        code: 'DISK_REFERENCE',
        exitStatus: 4,
        message: `${at('bad')} refers to another file, which holds a part of the disk`,
      });
    }
  });

  it('is never read beyond its bounds, whatever in it is damaged', async () => {
    qcow2With(() => undefined);
    const image = readFileSync(at('bad'));
    const places = fc.oneof(
      fc.nat(103),
      fc.nat(63).map((offset) => l1Of(image) + offset),
      fc.nat(127).map((offset) => l2Of(image) + offset),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(places, fc.nat(255)), { minLength: 1, maxLength: 4 }), async (changes) => {
        const damaged = Buffer.from(image);
        for (const [offset, value] of changes) damaged[offset] = value;
        writeFileSync(at('bad'), damaged);
        try {
          await using opened = await openDiskImage(at('bad'), { directory: join(directory, 'scratch') }, signal);
          for (const { offset } of opened.source.extents) await opened.source.read(offset, Buffer.alloc(512));
        } catch (error) {
          expect((error as { code?: string }).code).toMatch(/^DISK_(INVALID|REFERENCE|FORMAT_UNKNOWN)$/);
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('a VMDK of unknown origin', () => {
  it.each<[string, (image: Buffer) => void, RegExp]>([
    [
      'whose directory is at a number that no system reads',
      (image) => image.writeBigUInt64LE(2n ** 63n, 56),
      /it refers to byte [\d.e+]+, which is behind its end/,
    ],
    [
      'with an empty table that is there again and again',
      (image) => {
        // A table of zeros, for 32 MiB; the directory lies in the zeros at the end.
        const directorySector = image.length / 512 - 2;
        const table = directorySector - 4;
        image.fill(0, table * 512, directorySector * 512);
        image.writeBigUInt64LE(BigInt(200 * 65536), 12);
        image.writeBigUInt64LE(BigInt(directorySector), 56);
        for (let index = 0; index < 200; index++) image.writeUInt32LE(table, directorySector * 512 + 4 * index);
      },
      /it names more tables than it has$/,
    ],
  ])('%s is refused', async (_name, change, message) => {
    const content = Buffer.alloc(mebibyte);
    content.write('EFI PART', 512);
    writeFileSync(at('content.raw'), content);
    execFileSync('qemu-img', [
      ...['convert', '-f', 'raw', '-O', 'vmdk', '-o', 'subformat=streamOptimized', at('content.raw'), at('bad')],
    ]);
    const image = readFileSync(at('bad'));
    change(image);
    writeFileSync(at('bad'), image);
    await expect(tryToRead(at('bad'))).rejects.toMatchObject({
      code: 'DISK_INVALID',
      exitStatus: 4,
      message: expect.stringMatching(message),
    });
  });
});

describe('what is no disk image', () => {
  it.each<[string, Buffer | undefined, string, RegExp]>([
    ['is not there', undefined, 'DISK_MISSING', /^there is no disk image .*none$/],
    ['is empty', Buffer.alloc(0), 'DISK_FORMAT_UNKNOWN', /none is no disk image that is known$/],
    ['is text', Buffer.from('text'.repeat(5000)), 'DISK_FORMAT_UNKNOWN', /none is no disk image that is known$/],
    [
      'is an archive',
      Buffer.concat([Buffer.alloc(257), Buffer.from('ustar'), Buffer.alloc(9000)]),
      'DISK_UNSUPPORTED',
      /none is an archive with a disk in it, and perhaps more$/,
    ],
  ])('%s', async (_name, bytes, code, message) => {
    rmSync(at('none'), { force: true });
    if (bytes !== undefined) writeFileSync(at('none'), bytes);
    await expect(tryToRead(at('none'))).rejects.toMatchObject({
      code,
      exitStatus: 2,
      message: expect.stringMatching(message),
    });
  });

  it.each(['dynamic VHD', 'sparse VMDK', 'cut off VMDK', 'cut off VHDX'])('%s', async (what) => {
    writeFileSync(at('content.raw'), someContent());
    const [, format = '', options = ''] = {
      'dynamic VHD': ['', 'vpc', 'subformat=dynamic'],
      'sparse VMDK': ['', 'vmdk', 'subformat=monolithicSparse'],
      'cut off VMDK': ['', 'vmdk', 'subformat=streamOptimized'],
      'cut off VHDX': ['', 'vhdx', 'subformat=dynamic'],
    }[what] as string[];
    execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', format, '-o', options, at('content.raw'), at('other')]);
    if (what.startsWith('cut off')) truncateSync(at('other'), Math.floor(statSync(at('other')).size / 3));
    await expect(tryToRead(at('other'))).rejects.toMatchObject({
      code: 'DISK_INVALID',
      exitStatus: 4,
    });
  });
});
