import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Compressor } from '../../../src/disk/compressors/compressor.ts';
import { gzip } from '../../../src/disk/compressors/gzip.ts';
import { xz } from '../../../src/disk/compressors/xz.ts';
import { zstd } from '../../../src/disk/compressors/zstd.ts';
import { decompressFile, expansionLimits } from '../../../src/disk/image-source/decompress.ts';

let directory: string;
const { signal } = new AbortController();
const unit = 65536;
const generous = { size: 100 * unit, data: 100 * unit };

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'cosa-decompress-'));
});
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(() => rmSync(at('target'), { force: true }));

const at = (name: string) => join(directory, name);

/** Three units with contents, and thirty without between them. */
const content = Buffer.alloc(33 * unit);
for (const index of [0, 20, 32]) content.fill('disk ', index * unit, (index + 1) * unit);

describe.each<[Compressor, string[]]>([
  [gzip, ['gzip']],
  [xz, ['xz']],
  [zstd, ['zstd']],
])('a disk image in %s', (compressor, program) => {
  const path = () => at(`image.${compressor.extension}`);
  beforeAll(() => {
    const [command = '', ...args] = program;
    writeFileSync(path(), execFileSync(command, [...args, '--stdout'], { input: content }));
  });

  it('becomes a sparse file', async () => {
    const { size, extents } = await decompressFile(path(), at('target'), compressor, generous, signal);
    expect(size).toBe(content.length);
    expect(extents).toEqual([0, 20, 32].map((index) => ({ offset: index * unit, length: unit })));
    expect(readFileSync(at('target')).equals(content)).toBe(true);
    expect(statSync(at('target')).blocks * 512).toBeLessThan(4 * unit);
  });

  it('may expand to just as much as it is allowed to', async () => {
    const limits = { size: content.length, data: 3 * unit };
    await decompressFile(path(), at('target'), compressor, limits, signal);
  });

  it.each([
    ['bytes', { ...generous, size: content.length - 1 }, `${content.length - 1} bytes`],
    ['data', { ...generous, data: 3 * unit - 1 }, `${3 * unit - 1} bytes that are not zeros`],
  ])('is refused where it has more %s', async (_, limits, what) => {
    await expect(decompressFile(path(), at('target'), compressor, limits, signal)).rejects.toMatchObject({
      code: 'CONTENT_TOO_LARGE',
      exitStatus: 4,
      message: `${path()} expands to more than ${what}`,
      hint: 'no disk with files is compressed so well: do not trust it; if it is yours, decompress it and customize that',
    });
    // It is refused before it takes more room.
    expect(statSync(at('target')).blocks * 512).toBeLessThan(4 * unit);
  });
});

describe('what a compressed disk image may expand to', () => {
  it.each([
    ['what its record says', 1000, 2 ** 33, { size: 2 ** 33, data: 2 ** 30 + 200_000 }],
    ['without a record, as much as the largest disk', 1000, undefined, { size: 2 ** 42, data: 2 ** 30 + 200_000 }],
    ['no more than that, whatever its record says', 0, 2 ** 50, { size: 2 ** 42, data: 2 ** 30 }],
  ])('is %s', (_, compressed, recorded, limits) => {
    expect(expansionLimits(compressed, recorded)).toEqual(limits);
  });
});
