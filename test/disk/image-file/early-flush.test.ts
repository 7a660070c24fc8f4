import type { FileHandle } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { earlyFlush } from '../../../src/disk/image-file/early-flush.ts';

const mebibyte = 1 << 20;

/** A file whose flushes end when they are told to. */
function slowFile() {
  const underWay: { resolve(): void; reject(error: Error): void }[] = [];
  const datasync = () => new Promise<void>((resolve, reject) => underWay.push({ resolve, reject }));
  return { file: { datasync } as unknown as FileHandle, underWay };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('flushing a file while it is written', () => {
  it('begins when there is enough, and once at a time', async () => {
    const { file, underWay } = slowFile();
    const early = earlyFlush(file);
    early.wrote(63 * mebibyte);
    expect(underWay).toHaveLength(0);
    early.wrote(mebibyte);
    expect(underWay).toHaveLength(1);
    early.wrote(200 * mebibyte);
    expect(underWay).toHaveLength(1);
    underWay[0]?.resolve();
    await settled();
    early.wrote(1);
    expect(underWay).toHaveLength(2);
    underWay[1]?.resolve();
    await early.settle();
  });

  it('has nothing to wait for in a small file', async () => {
    const { file, underWay } = slowFile();
    const early = earlyFlush(file);
    early.wrote(1000);
    await early.settle();
    expect(underWay).toHaveLength(0);
  });

  it('tells in the end of what has failed on the way', async () => {
    const { file, underWay } = slowFile();
    const early = earlyFlush(file);
    early.wrote(64 * mebibyte);
    underWay[0]?.reject(new Error('EIO'));
    await settled();
    // What comes later may have reached the disk: the file is damaged all the same.
    early.wrote(64 * mebibyte);
    underWay[1]?.resolve();
    await expect(early.settle()).rejects.toThrow('EIO');
  });
});
