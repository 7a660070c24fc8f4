import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FilesystemWriter } from '../../../../src/disk/filesystems/filesystem.ts';
import type { TreeNode } from '../../../../src/disk/filesystems/tree.ts';
import { run } from '../../../../src/exec/run.ts';
import { CosaError } from '../../../../src/lib/errors.ts';
import { directory, file } from '../tree.ts';
import { ask, check, clean, makeImage, makeRanges, resize2fs, summary } from './image.ts';

const mebibyte = 2 ** 20;

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-ext4-size-'));
});
afterAll(() => rm(base, { recursive: true }));

/** Blocks of content, and names of empty files. */
function tree(writer: FilesystemWriter, blocks: number, files: number) {
  const small = Array.from({ length: files }, (_, index): [string, TreeNode] => [`${index}`, file('')]);
  return directory({
    large: file(writer.reserve(blocks * 4096)),
    small: directory({}, { entries: new Map(small) }),
  });
}

describe('the size of ext4', () => {
  /** @returns bytes of the filesystem */
  const made = (image: string, blocks: number, files: number, extra: { size?: number; options?: string } = {}) =>
    makeImage(image, (writer) => tree(writer, blocks, files), extra);

  it('leaves room, and has room for inodes', async () => {
    const image = join(base, 'room');
    expect(await made(image, 0, 0)).toBe(294 * mebibyte);
    expect(await made(image, 100_000, 0)).toBe(719 * mebibyte);
    expect(await check(image)).toMatchObject(clean);
    expect(await made(image, 0, 100_000)).toBe(1537 * mebibyte);
    expect(await check(image)).toMatchObject(clean);
  });

  it.each([
    ['-m 0', { 'Reserved block count': '0' }],
    ['-m 50 -i 8192', { 'Inodes per group': '16384' }],
    ['-i 65536', { 'Inodes per group': '2048' }],
    ['-i 4194304', { 'Inodes per group': '32' }],
  ])('obeys %s', async (options, wanted) => {
    const image = join(base, 'options');
    await made(image, 1000, 10, { options });
    expect(await check(image)).toMatchObject(clean);
    expect(await summary(image)).toMatchObject(wanted);
  });

  it('can be whatever is given, also when the last group has hardly any block', async () => {
    const image = join(base, 'exact');
    for (const size of [64, 127, 128, 129, 131, 385, 387, 2048, 2049, 2050, 2090]) {
      expect(await made(image, 1000, 100, { size: size * mebibyte })).toBe(size * mebibyte);
      expect(await check(image)).toMatchObject(clean);
    }
  });

  it('of a /boot takes little beside its contents, for it hardly grows', async () => {
    const extra = { size: 384 * mebibyte };
    const { ranges } = await makeRanges((writer) => tree(writer, 30_000, 10), extra);
    expect(ranges.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThan(400 * 1024);
    const image = join(base, 'boot');
    await made(image, 30_000, 10, extra);
    expect(await check(image)).toMatchObject(clean);
    expect(await summary(image)).toMatchObject({ 'Reserved GDT blocks': '63', 'Total journal size': '16M' });
  });

  it('is full with an error that names a size which does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 300_000 }),
        fc.nat({ max: 500 }),
        fc.nat({ max: 5 }),
        async (blocks, files, size) => {
          const options = '-i 4194304';
          const error = await makeRanges((writer) => tree(writer, blocks, files), {
            size: size * mebibyte,
            options,
          }).catch((error: unknown) => error);
          expect(error).toBeInstanceOf(CosaError);
          const [, needed] = /needs (\d+) bytes/.exec((error as CosaError).message) ?? [];
          await expect(
            makeRanges((writer) => tree(writer, blocks, files), { size: Number(needed), options }),
          ).resolves.toMatchObject({
            size: Number(needed),
          });
          await expect(
            makeRanges((writer) => tree(writer, blocks, files), { size: Number(needed) - mebibyte, options }),
          ).rejects.toThrow(
            expect.objectContaining({
              code: 'FILESYSTEM_FULL',
              message: expect.stringContaining(`the root filesystem needs ${needed} bytes`),
            }),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  it('is refused beyond 4 TiB', async () => {
    const refused = expect.objectContaining({
      code: 'FILESYSTEM_TOO_LARGE',
      exitStatus: 2,
      message: expect.stringMatching(
        /^the root filesystem \(5\d{6} MiB\) is larger than ext4 can be made: 4194304 MiB$/,
      ),
      hint: 'make the partition smaller: its filesystem can grow beyond that when it is mounted',
    });
    await expect(makeRanges(directory(), { size: 5 * 2 ** 40 })).rejects.toThrow(refused);
    await expect(makeRanges((writer) => tree(writer, (5 * 2 ** 40) / 4096, 0))).rejects.toThrow(refused);
  });

  it.each([3072, 600])('grows from %d MiB to 2 TiB', async (size) => {
    const image = join(base, 'growing');
    await made(image, 1000, 300, { size: size * mebibyte });
    await truncate(image, 2 ** 41);
    await run(resize2fs, [image]);
    expect(await check(image)).toMatchObject(clean);
    expect(await summary(image)).toMatchObject({ 'Block count': `${2 ** 29}`, 'Reserved GDT blocks': '256' });
    expect(await ask(image, 'stat /small/299')).toMatch(/Size: 0\n/);
  });
});
