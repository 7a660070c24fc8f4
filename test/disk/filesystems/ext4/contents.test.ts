import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf } from '../../../../src/disk/filesystems/ext4/blocks.ts';
import { contentsOf, type Ext4Content } from '../../../../src/disk/filesystems/ext4/contents.ts';
import { geometryFor } from '../../../../src/disk/filesystems/ext4/geometry.ts';
import { ext4 } from '../../../../src/disk/filesystems/ext4.ts';
import type { FilesystemWriter } from '../../../../src/disk/filesystems/filesystem.ts';
import { rangesOutput } from '../../../../src/disk/output.ts';
import { run } from '../../../../src/exec/run.ts';
import { directory, file, store } from '../tree.ts';
import { ask, check, clean, debugfs, makeImage, makeRanges, request } from './image.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-ext4-contents-'));
});
afterAll(() => rm(base, { recursive: true }));

const block = 4096;
/** Where the first content goes: behind the tables of 16 groups. */
const firstBlock = 1 + 512 + 16 * (2 + 512);
/** A group's end; the next one begins with a superblock. */
const secondGroup = 32_768;

function fresh() {
  const output = rangesOutput();
  return { output, contents: contentsOf(output, blocksOf(geometryFor(16384))) };
}

const runsOf = (content: unknown) =>
  (content as Ext4Content).runs.map(({ block, first, count }) => [block, first, count]);

describe('contents in ext4', () => {
  it('lie one after the other, and are written whole, so that many become one write', () => {
    const { output, contents } = fresh();
    const first = store(contents.create(5000, false), Buffer.alloc(5000, 'a'));
    const second = store(contents.create(1, false), Buffer.from('b'));
    expect([runsOf(first), runsOf(second)]).toEqual([[[0, firstBlock, 2]], [[0, firstBlock + 2, 1]]]);
    expect(output.ranges().map(({ position, bytes }) => [position, bytes.length])).toEqual([
      [firstBlock * block, 3 * block],
    ]);
  });

  it('go on behind the fixed blocks of the next group', () => {
    const { contents } = fresh();
    const size = (secondGroup - firstBlock + 1) * block;
    expect(runsOf(contents.reserve(size))).toEqual([
      [0, firstBlock, secondGroup - firstBlock],
      [secondGroup - firstBlock, secondGroup + 513, 1],
    ]);
  });

  it.each([1, 1000, 4096, 5000, 100_000])('have holes for zeros, whatever the chunks: %d bytes', (chunk) => {
    const { output, contents } = fresh();
    const bytes = Buffer.alloc(8 * block + 10);
    bytes.fill('x', 3 * block + 5, 5 * block);
    bytes.fill('y', 7 * block);
    const content = store(contents.create(bytes.length, false), bytes, chunk);
    expect(runsOf(content)).toEqual([
      // The first block is there for GRUB, which reads no file that begins with a hole.
      [0, firstBlock, 1],
      [3, firstBlock + 1, 2],
      [7, firstBlock + 3, 2],
    ]);
    const written = Buffer.concat(output.ranges().map(({ bytes }) => bytes));
    expect(
      written
        .subarray(0, 4 * block)
        .equals(
          Buffer.concat([
            bytes.subarray(3 * block, 5 * block),
            bytes.subarray(7 * block),
            Buffer.alloc(block),
          ]).subarray(0, 4 * block),
        ),
    ).toBe(true);
  });

  it('have all their blocks if they are dense, of which those of zeros are not written', () => {
    const { output, contents } = fresh();
    const bytes = Buffer.alloc(4 * block);
    bytes.fill('x', block, 2 * block);
    expect(runsOf(store(contents.create(bytes.length, true), bytes, 3000))).toEqual([[0, firstBlock, 4]]);
    expect(output.ranges().map(({ position, bytes }) => [position / block, bytes.length])).toEqual([
      [firstBlock + 1, block],
    ]);
  });

  it('that come side by side take turns', () => {
    const { contents } = fresh();
    const [first, second] = [contents.create(2 * block, false), contents.create(2 * block, false)];
    for (const writer of [first, second, first, second]) writer.write(Buffer.alloc(block, 'x'));
    const runs = [first.close(), second.close()].map(runsOf);
    expect(runs).toEqual([
      [
        [0, firstBlock, 1],
        [1, firstBlock + 2, 1],
      ],
      [
        [0, firstBlock + 1, 1],
        [1, firstBlock + 3, 1],
      ],
    ]);
  });

  it('must be as long as was said', () => {
    const { contents } = fresh();
    const writer = contents.create(2, false);
    writer.write(Buffer.from('a'));
    expect(() => writer.close()).toThrow(new RangeError('1 bytes of content instead of 2'));
    expect(() => writer.write(Buffer.from('bc'))).toThrow(new RangeError('more than 2 bytes of content'));
  });

  it('that are stored and in no tree leave their blocks free', async () => {
    const image = join(base, 'unused');
    await makeImage(image, (writer) => {
      store(writer.create(100_000), Buffer.alloc(100_000, 'x'));
      return directory({ a: file('a') });
    });
    expect(await check(image)).toMatchObject(clean);
  });

  it('in so many pieces that their tree has three levels are read as they were', async () => {
    const image = join(base, 'pieces');
    const pieces = 4 * 340 + 10;
    const bytes = Buffer.alloc(pieces * block);
    for (let index = 0; index < pieces; index++) bytes.fill(1 + (index % 250), index * block, (index + 1) * block);
    await makeImage(image, (writer) => {
      const [one, other] = [writer.create(bytes.length), writer.create(bytes.length)];
      for (let at = 0; at < bytes.length; at += block) {
        for (const content of [one, other]) content.write(bytes.subarray(at, at + block));
      }
      return directory({ one: file(one.close()), other: file(other.close()) });
    });
    expect(await check(image)).toMatchObject(clean);
    const copy = join(base, 'copy');
    await run(debugfs, ['-R', `dump /other ${copy}`, image]);
    expect((await readFile(copy)).equals(bytes)).toBe(true);
    // An inner block and a leaf, beside what stands in the inode.
    const tree = (await ask(image, 'stat /other')).match(/\(ETB\d\)/g);
    expect(tree?.slice(0, 2)).toEqual(['(ETB0)', '(ETB1)']);
  });
});

describe('a filesystem that is laid over another', () => {
  const kernel = Buffer.alloc(5_000_000, 'kernel');
  const tree = (content: (writer: FilesystemWriter) => ReturnType<FilesystemWriter['reserve']>, entry: string) =>
    makeRanges((writer) => directory({ kernel: file(content(writer)), entry: file(entry) }), { size: 64 << 20 });

  it('finds reserved contents where dense ones lie, and writes nothing there', async () => {
    const whole = await tree((writer) => store(writer.create(kernel.length, true), kernel), 'an entry');
    const bare = await tree((writer) => writer.reserve(kernel.length), 'an entry');
    const inKernel = (position: number) =>
      position >= firstBlock * block && position < firstBlock * block + kernel.length;
    expect(bare.ranges.some(({ position }) => inKernel(position))).toBe(false);
    const sumOf = ({ ranges }: typeof whole) => ranges.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(sumOf(whole) - sumOf(bare)).toBe(Math.ceil(kernel.length / block) * block);
  });

  it('differs only in what is else', async () => {
    const writer = await ext4.begin(request({ output: rangesOutput() }));
    const [first, second] = [writer.reserve(1), writer.reserve(block + 1)];
    expect([first.size, runsOf(first), second.size, runsOf(second)]).toEqual([
      1,
      [[0, firstBlock, 1]],
      block + 1,
      [[0, firstBlock + 1, 2]],
    ]);
  });
});
