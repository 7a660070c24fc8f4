import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CompressionAlgorithm, pieceBytes } from '../../src/lib/compress/algorithms.ts';
import { streamTrailer } from '../../src/lib/compress/stream-format.ts';
import type { ScannedFile } from '../../src/ostree/content-threads/read-file.ts';
import { type ContentThreads, contentThreads } from '../../src/ostree/content-threads.ts';
import { layerPieces } from '../../src/ostree/encapsulate/layer-pieces.ts';
import { compressed, content, sha256 } from '../lib/compress/content.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cosa-content-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Makes a file of this size. */
function file(path: string, size: number): ScannedFile & { bytes: Buffer } {
  const bytes = content(size);
  writeFileSync(join(root, path), bytes);
  return { path, size, bytes };
}

/** All pieces of a stream, begun as far as memory goes. */
async function compressAll(
  threads: ContentThreads,
  parts: readonly (Buffer | ScannedFile)[],
  compression: CompressionAlgorithm = 'zstd',
) {
  using layer = threads.layer({ root, compression });
  const results: Uint8Array[] = [];
  for (const piece of layerPieces(parts)) {
    const begun = await layer.compress(piece, true);
    if (begun !== undefined) results.push(await begun.compressed);
  }
  return { bytes: Buffer.concat(results), stream: await layer.end() };
}

describe('a layer in threads', () => {
  it.each(['zstd', 'gzip'] as const)('is read, hashed and compressed with %s', async (compression) => {
    using threads = contentThreads(2);
    const one = file('one', 2 * pieceBytes + 1000);
    const two = file('two', 12);
    const { bytes, stream } = await compressAll(
      threads,
      [Buffer.from('head'), one, Buffer.from('middle'), two],
      compression,
    );
    const expected = Buffer.concat([Buffer.from('head'), one.bytes, Buffer.from('middle'), two.bytes]);
    expect(stream).toEqual({
      sha256: sha256(expected),
      size: expected.length,
      crc32: compression === 'gzip' ? crc32(expected) : 0,
    });
    const header = compression === 'gzip' ? 10 : 0;
    const whole = Buffer.concat([bytes, streamTrailer(compression, stream)]);
    expect(whole.equals((await compressed(expected, compression)).subarray(header))).toBe(true);
  });

  it('has the same bytes whatever the number of threads, and whatever else they do', async () => {
    const parts = [1, 2, 3].map((index) => file(`${index}`, index * 3_000_000));
    const results: string[][] = [];
    for (const size of [1, 3]) {
      using threads = contentThreads(size);
      const all = await Promise.all(parts.map((part) => compressAll(threads, [part])));
      results.push(all.map(({ bytes, stream }) => `${sha256(bytes)} ${stream.sha256}`));
    }
    expect(results[1]).toEqual(results[0]);
  });

  it('takes no more memory than there is, and all of it again afterwards', async () => {
    using threads = contentThreads(1);
    file('large', 1);
    truncateSync(join(root, 'large'), 8 * pieceBytes);
    const pieces = [...layerPieces([{ path: 'large', size: 8 * pieceBytes }])];
    using layer = threads.layer({ root, compression: 'zstd' });
    const begun = [];
    for (const piece of pieces) {
      const one = await layer.compress(piece, false);
      if (one === undefined) break;
      begun.push(one.compressed);
    }
    expect(begun).toHaveLength(threads.maximumPieces);
    await Promise.all(begun);
    for (const piece of pieces.slice(begun.length)) await (await layer.compress(piece, true))?.compressed;
    expect((await layer.end()).size).toBe(8 * pieceBytes);
  });

  it('loses no memory to files that cannot be read', async () => {
    using threads = contentThreads(1);
    for (let round = 0; round < 3 * threads.maximumPieces; round++)
      await expect(compressAll(threads, [{ path: '/missing', size: 1 }])).rejects.toMatchObject({ code: 'ENOENT' });
    expect((await compressAll(threads, [file('one', 5)])).stream.size).toBe(5);
  });
});

/** What may have become of a file of 100,000 bytes since the scan. */
const changes: [string, (path: string) => void, object][] = [
  ['grew', (path) => appendFileSync(path, 'x'), { code: 'TREE_CHANGED' }],
  ['shrank', (path) => truncateSync(path, 99_999), { code: 'TREE_CHANGED' }],
  ['was emptied', (path) => truncateSync(path), { code: 'TREE_CHANGED' }],
  ['is gone', (path) => rmSync(path), { code: 'ENOENT' }],
  [
    'is a link now',
    (path) => {
      rmSync(path);
      symlinkSync('/etc/passwd', path);
    },
    { code: 'ELOOP' },
  ],
  [
    'is a directory now',
    (path) => {
      rmSync(path);
      mkdirSync(path);
    },
    { code: 'EISDIR' },
  ],
];

describe.each([
  ['a layer', (threads: ContentThreads, file: ScannedFile) => compressAll(threads, [file])],
  [
    'checksums',
    (threads: ContentThreads, { path, size }: ScannedFile) =>
      threads.checksums({ root, files: [{ path, size, prefix: new Uint8Array() }] }),
  ],
])('%s of a file', (_, read) => {
  it.each(changes)('that %s since the scan: an error that names it', async (_what, change, error) => {
    using threads = contentThreads(1);
    const scanned = file('changed', 100_000);
    change(join(root, 'changed'));
    await expect(read(threads, scanned)).rejects.toMatchObject({
      ...error,
      message: expect.stringContaining('changed'),
    });
  });

  it('that was empty and is not', async () => {
    using threads = contentThreads(1);
    file('changed', 1);
    const empty = threads.checksums({ root, files: [{ path: '/changed', size: 0, prefix: new Uint8Array() }] });
    await expect(empty).rejects.toMatchObject({
      code: 'TREE_CHANGED',
      message: '/changed has changed since the tree was scanned',
    });
  });
});

describe('checksums', () => {
  it('are of prefix and content, of files of any size', async () => {
    using threads = contentThreads(2);
    const prefix = Buffer.from('prefix');
    const files = [0, 1, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, 5_000_000].map((size) => file(`${size}`, size));
    const expected = files.map(({ bytes }) => createHash('sha256').update(prefix).update(bytes).digest('hex'));
    const request = files.map(({ path, size }) => ({ path, size, prefix }));
    expect(await threads.checksums({ root, files: request })).toEqual(expected);
  });
});
