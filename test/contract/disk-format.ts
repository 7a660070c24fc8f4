import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DiskFormat } from '../../src/disk/formats/format.ts';
import { type WrittenFile, writeImageFile } from '../../src/disk/image-file.ts';
import { type ImageThreads, imageThreads } from '../../src/disk/image-threads.ts';
import { digestFile, digestOf } from '../../src/lib/digest.ts';
import { derivedUuid } from '../../src/lib/uuid.ts';
import { type DiskPiece, type SparseDisk, sparseDisk, writeSparse } from '../helpers/sparse-disk.ts';

const run = promisify(execFile);
const mebibyte = 1 << 20;
const unit = 65536;

/** Reads an image with a program that is not ours. */
export interface FormatReader {
  /** The largest disk to be tried, in MiB: where zeros are hashed, or the reader looks at all of them, it takes seconds. */
  maximum?: number;
  /**
   * Checks the image, and gives it in a format of QEMU's.
   * @param scratch an empty directory, removed later
   * @throws if the image is not as its format demands
   */
  open(image: string, scratch: string): Promise<{ path: string; format: string }>;
}

const identity = {
  uuid: (purpose: string) => derivedUuid(digestOf('a container'), purpose),
  fileName: 'example-13.0.0-somewhere.x86_64.img',
};

/** What every format must do. */
export function diskFormatContract(format: DiskFormat, reader: FormatReader): void {
  describe(`the format ${format.name}`, () => {
    let directory: string;
    let threads: ImageThreads;
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'cosa-format-'));
      threads = imageThreads({ size: 2 });
    });
    afterAll(async () => {
      threads[Symbol.dispose]();
      await rm(directory, { recursive: true });
    });

    /** Writes an image, has it looked at, and removes it. */
    async function withImage<T>(
      disk: SparseDisk,
      look: (image: string, written: WrittenFile) => Promise<T>,
      by: ImageThreads = threads,
    ): Promise<T> {
      const image = join(directory, 'image');
      const { signal } = new AbortController();
      try {
        const written = await writeImageFile(image, { threads: by, signal }, (sink) =>
          format.write({ disk, identity, threads: by, signal }, sink),
        );
        return await look(image, written);
      } finally {
        await rm(image, { force: true });
      }
    }

    async function expectSameDisk(disk: SparseDisk): Promise<void> {
      await withImage(disk, async (image) => {
        const scratch = await mkdtemp(join(directory, 'scratch-'));
        const raw = join(scratch, 'expected');
        await writeSparse(disk, raw);
        const opened = await reader.open(image, scratch);
        const { stdout } = await run('qemu-img', ['info', '--output=json', '-f', opened.format, opened.path]);
        expect(JSON.parse(stdout)).toMatchObject({ 'virtual-size': disk.size });
        await run('qemu-img', ['compare', '-f', 'raw', '-F', opened.format, raw, opened.path]);
        await rm(scratch, { recursive: true });
      });
    }

    const edgeCases = edgeCasesUpTo(reader.maximum);

    it.each(Object.entries(edgeCases))('is the same disk when it is opened: %s', async (_, disk) => {
      await expectSameDisk(disk);
    });

    it('is the same disk when it is opened, whatever it holds', async () => {
      await fc.assert(fc.asyncProperty(randomDisks, expectSameDisk), { numRuns: 8 });
    });

    it('has the same bytes with one thread and with two, and their sum', async () => {
      const disk = edgeCases['data of every kind'];
      using one = imageThreads({ size: 1 });
      const first = await withImage(disk, async (image, written) => {
        const { digest, size } = await digestFile(image);
        expect(written).toEqual({ size, sha256: digest.replace('sha256:', '') });
        return written;
      });
      expect(await withImage(disk, async (_, written) => written, one)).toEqual(first);
    });

    it('stops when it is told to', async () => {
      const stop = new AbortController();
      const disk = edgeCases['data of every kind'];
      const slow = {
        ...disk,
        read: async (position: number, buffer: Uint8Array) => {
          stop.abort(new Error('stopped'));
          await disk.read(position, buffer);
        },
      };
      const image = join(directory, 'stopped');
      const { signal } = stop;
      const writing = writeImageFile(image, { threads, signal }, (sink) =>
        format.write({ disk: slow, identity, threads, signal }, sink),
      );
      await expect(writing).rejects.toThrow('stopped');
      await rm(image);
    });
  });
}

/** Bytes that compress a little, not at all, or very well. */
function content(kind: 'text' | 'noise' | 'zeros' | 'ones', length: number, seed = 1): Uint8Array {
  if (kind === 'zeros') return new Uint8Array(length);
  if (kind === 'ones') return new Uint8Array(length).fill(1);
  let state = seed >>> 0 || 1;
  const values = kind === 'text' ? 7 : 256;
  return Uint8Array.from({ length }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % values;
  });
}

function piece(position: number, kind: Parameters<typeof content>[0], length: number, seed?: number): DiskPiece {
  return { position, bytes: content(kind, length, seed) };
}

const edgeCasesUpTo = (maximum = 5000) => ({
  'nothing but zeros': sparseDisk(3 * mebibyte, []),
  'zeros that count as contents': sparseDisk(2 * mebibyte, [piece(0, 'zeros', 2 * mebibyte)]),
  'full to the last byte': sparseDisk(mebibyte, [piece(0, 'noise', mebibyte)]),
  'one byte at the very end': sparseDisk(5 * mebibyte, [piece(5 * mebibyte - 1, 'ones', 1)]),
  'large, with a little at both ends': sparseDisk(maximum * mebibyte, [
    piece(0, 'text', 512),
    piece(maximum * mebibyte - 16896, 'text', 16896),
  ]),
  'data of every kind': sparseDisk(700 * mebibyte, [
    piece(3, 'text', 3 * unit),
    piece(8 * unit, 'noise', 33 * unit),
    piece(60 * unit, 'zeros', 5 * unit),
    piece(65 * unit, 'ones', 100 * unit),
    // The border of what one table of qcow2 describes.
    piece(512 * mebibyte - unit, 'text', 3 * unit),
    piece(699 * mebibyte, 'noise', 70_000),
  ]),
});

const randomDisks: fc.Arbitrary<SparseDisk> = fc
  .record({
    mebibytes: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 600 })),
    pieces: fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 0.999, noNaN: true }),
        alignment: fc.constantFrom(512, 4096, unit),
        sectors: fc.integer({ min: 1, max: 600 }),
        kind: fc.constantFrom('text' as const, 'noise' as const, 'zeros' as const, 'ones' as const),
        seed: fc.integer({ min: 1, max: 1000 }),
      }),
      { maxLength: 12 },
    ),
  })
  .map(({ mebibytes, pieces }) => {
    const size = mebibytes * mebibyte;
    const placed: DiskPiece[] = [];
    let end = 0;
    const wanted = pieces.map((one) => ({
      ...one,
      position: Math.floor((one.at * size) / one.alignment) * one.alignment,
    }));
    for (const { position, sectors, kind, seed } of wanted.sort((a, b) => a.position - b.position)) {
      const length = Math.min(sectors * 512, size - position);
      if (position < end || length <= 0) continue;
      placed.push(piece(position, kind, length, seed));
      end = position + length;
    }
    return sparseDisk(size, placed);
  });
