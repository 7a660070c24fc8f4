import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bootChecksum } from '../../../src/disk/base-disk/boot-checksum.ts';
import { sha256Hex } from '../../../src/lib/digest.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-checksum-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const files = ['kernel', 'initramfs', '', 'x'.repeat(3_000_000)].map((text) => Buffer.from(text));
const expected = sha256Hex(Buffer.concat(files));

it.each([[[0, 1, 2, 3]], [[3, 2, 1, 0]], [[1, 0, 3, 2]], [[2, 3, 1, 0]]])(
  'takes files in the order %j',
  async (order) => {
    using checksum = bootChecksum(files.length, directory);
    for (const index of order) {
      const bytes = files[index] ?? expect.fail();
      for (let at = 0; at < bytes.length; at += 1_000_000) checksum.write(index, bytes.subarray(at, at + 1_000_000));
      checksum.close(index);
    }
    expect(checksum.digest()).toBe(expected);
    expect(await readdir(directory)).toEqual([]);
  },
);

it('takes one content under several names at once', () => {
  using checksum = bootChecksum(3, directory);
  for (const index of [1, 0, 2]) checksum.write(index, Buffer.from('same'));
  for (const index of [1, 0, 2]) checksum.close(index);
  expect(checksum.digest()).toBe(sha256Hex('samesamesame'));
});

it('has none before all have come', () => {
  using checksum = bootChecksum(2, directory);
  checksum.write(1, Buffer.from('early'));
  checksum.close(1);
  expect(() => checksum.digest()).toThrow('2 files have not come');
});

it('keeps one file open for all that come early', async () => {
  const count = 200;
  const names = Array.from({ length: count }, (_, index) => String(index));
  using checksum = bootChecksum(count, directory);
  const before = (await readdir('/proc/self/fd')).length;
  for (const [index, name] of [...names.entries()].reverse()) {
    if (index === 1) expect((await readdir('/proc/self/fd')).length).toBeLessThan(before + 10);
    checksum.write(index, Buffer.from(name));
    checksum.close(index);
  }
  expect(checksum.digest()).toBe(sha256Hex(names.join('')));
});
