import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CompressionAlgorithm, compressionParameters, pieceBytes } from '../../../src/lib/compress/algorithms.ts';
import { compressed } from '../../../src/lib/compress/compressed.ts';
import { type CompressionPool, compressionPool } from '../../../src/lib/compress/pool.ts';
import { collect } from '../../helpers/image.ts';
import { content, filledFrom, sha256 } from './content.ts';

async function compress(bytes: Buffer, algorithm: CompressionAlgorithm, pool: CompressionPool): Promise<Buffer> {
  return collect(compressed(filledFrom(bytes), algorithm, pool));
}

/** As programs outside read it. */
const programs = { zstd: ['zstd', '-dc'], gzip: ['gzip', '-dc'] } as const;

function read(algorithm: CompressionAlgorithm, input: Buffer): Buffer {
  const [program, ...args] = programs[algorithm];
  return execFileSync(program, args, { input, maxBuffer: 1 << 26 });
}

function listed(frames: Buffer): string {
  const directory = mkdtempSync(join(tmpdir(), 'cosa-zstd-'));
  try {
    writeFileSync(join(directory, 'frames.zst'), frames);
    return execFileSync('zstd', ['--list', '--verbose', join(directory, 'frames.zst')]).toString();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

describe.each(['zstd', 'gzip'] as const)('compressed: %s', (algorithm) => {
  it.each([0, 1, 100_000, pieceBytes - 1, pieceBytes, pieceBytes + 1, 2 * pieceBytes + 12_345])(
    'is what the program of the name reads: %i bytes',
    async (size) => {
      using pool = compressionPool();
      const bytes = content(size);
      expect(read(algorithm, await compress(bytes, algorithm, pool)).equals(bytes)).toBe(true);
    },
  );

  it('has the same bytes whatever the number of threads, and whatever else they compress', async () => {
    using one = compressionPool(1);
    using many = compressionPool(3);
    const sizes = [3 * pieceBytes + 1, 10, pieceBytes, 3_000_000];
    const alone = [];
    for (const size of sizes) alone.push(sha256(await compress(content(size), algorithm, one)));
    const together = await Promise.all(sizes.map((size) => compress(content(size), algorithm, many)));
    expect(together.map(sha256)).toEqual(alone);
  });

  it('has the same bytes however slowly they are taken', async () => {
    using pool = compressionPool(2);
    const bytes = content(2 * pieceBytes);
    const slowly: Uint8Array[] = [];
    for await (const chunk of compressed(filledFrom(bytes), algorithm, pool)) {
      // Another stream takes the pool's threads and buffers in between.
      await compress(content(100_000), algorithm, pool);
      slowly.push(chunk);
    }
    expect(sha256(Buffer.concat(slowly))).toBe(sha256(await compress(bytes, algorithm, pool)));
  });

  it('gives any content back', async () => {
    using pool = compressionPool();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 1, max: 200 }), async (bytes, times) => {
        const repeated = Buffer.concat(Array.from({ length: times }, () => bytes));
        const result = await compress(repeated, algorithm, pool);
        expect(read(algorithm, result).equals(repeated)).toBe(true);
      }),
      { numRuns: 10 },
    );
  });
});

describe('compressed', () => {
  // What hosts have downloaded is known by these bytes: when they change, every layer of every system does.
  it.each([
    ['zstd', 'b278968654595f70b176cb153c4d1776470d1f1d474ccbb9b997e2befa6db126'],
    ['gzip', 'afc794b0216ad857498e5e3e62add07b07225128f87b03841ae8732f58faa63d'],
  ] as const)('has these bytes of %s on every host, with every version of Node.js', async (algorithm, digest) => {
    using pool = compressionPool();
    expect(sha256(await compress(content(pieceBytes + 500_000), algorithm, pool))).toBe(digest);
  });

  it('names the compressors that are pinned: other ones get other content keys', () => {
    const file = readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8');
    const { dependencies, devDependencies } = JSON.parse(file) as Record<string, Record<string, string>>;
    const versions = { ...dependencies, ...devDependencies };
    expect(compressionParameters('zstd')).toBe(`@bokuweb/zstd-wasm ${versions['@bokuweb/zstd-wasm']} -3 ${pieceBytes}`);
    expect(compressionParameters('gzip')).toBe(`pako ${versions.pako} -6 ${pieceBytes}`);
  });

  it('makes one gzip member, without time, name and system: common readers stop after the first', async () => {
    using pool = compressionPool();
    const bytes = content(pieceBytes + 1);
    const result = await compress(bytes, 'gzip', pool);
    expect(result.subarray(0, 10).toString('hex')).toBe('1f8b08000000000000ff');
    // The deflate stream that begins there ends where the trailer does.
    expect(inflateRawSync(result.subarray(10, -8)).equals(bytes)).toBe(true);
    expect(gunzipSync(result).equals(bytes)).toBe(true);
  });

  it('makes zstd frames that say how long they are', async () => {
    using pool = compressionPool();
    const result = await compress(content(pieceBytes + 1), 'zstd', pool);
    const listing = listed(result);
    expect(listing).toMatch(/Frames: 2\b/);
    expect(listing).toContain(`(${pieceBytes + 1} B)`);
  });

  it('passes on that the content cannot be read, and loses no buffer', async () => {
    using pool = compressionPool(1);
    for (let round = 0; round < 2 * pool.size; round++) {
      let calls = 0;
      const fill = (buffer: Buffer) => {
        if (++calls === 2) throw new Error('unreadable');
        return buffer.length;
      };
      await expect(collect(compressed(fill, 'zstd', pool))).rejects.toThrow('unreadable');
    }
    expect(Array.from({ length: pool.size }, () => pool.takeNow()?.byteLength)).toEqual(
      Array.from({ length: pool.size }, () => pieceBytes),
    );
    expect(pool.takeNow()).toBeUndefined();
  });

  it('stops when its reader does', async () => {
    using pool = compressionPool(1);
    let filled = 0;
    const endless = (buffer: Buffer) => {
      filled++;
      return buffer.length;
    };
    for await (const chunk of compressed(endless, 'zstd', pool)) if (chunk.length > 0) break;
    expect(filled).toBeLessThanOrEqual(pool.size + 1);
  });

  it('fails, and does not hang, when a thread dies under it', async () => {
    using pool = compressionPool(1);
    const buffer = await pool.take();
    // More than there is: an error that the thread does not expect.
    const failing = pool.compress('zstd', buffer, pieceBytes + 1);
    const waiting = compress(content(pieceBytes * 2), 'zstd', pool);
    await expect(failing).rejects.toMatchObject({ code: 'THREAD_FAILED' });
    await expect(waiting).rejects.toMatchObject({ code: 'THREAD_FAILED' });
  });
});
