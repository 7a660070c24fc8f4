import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CompressionAlgorithm, compressionParameters, pieceBytes } from '../../../src/lib/compress/algorithms.ts';
import { compressed, content, sha256 } from './content.ts';

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

describe.each(['zstd', 'gzip'] as const)('pieces of %s', (algorithm) => {
  it.each([0, 1, 100_000, pieceBytes - 1, pieceBytes, pieceBytes + 1, 2 * pieceBytes + 12_345])(
    'is what the program of the name reads: %i bytes',
    async (size) => {
      const bytes = content(size);
      expect(read(algorithm, await compressed(bytes, algorithm)).equals(bytes)).toBe(true);
    },
  );

  it('gives any content back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 1, max: 200 }), async (bytes, times) => {
        const repeated = Buffer.concat(Array.from({ length: times }, () => bytes));
        const result = await compressed(repeated, algorithm);
        expect(read(algorithm, result).equals(repeated)).toBe(true);
      }),
      { numRuns: 10 },
    );
  });
});

describe('compressed pieces', () => {
  // What hosts have downloaded is known by these bytes: when they change, every layer of every system does.
  it.each([
    ['zstd', 'b278968654595f70b176cb153c4d1776470d1f1d474ccbb9b997e2befa6db126'],
    ['gzip', 'afc794b0216ad857498e5e3e62add07b07225128f87b03841ae8732f58faa63d'],
  ] as const)('has these bytes of %s on every host, with every version of Node.js', async (algorithm, digest) => {
    expect(sha256(await compressed(content(pieceBytes + 500_000), algorithm))).toBe(digest);
  });

  it('names the compressors that are pinned: other ones get other content keys', () => {
    const file = readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8');
    const { dependencies, devDependencies } = JSON.parse(file) as Record<string, Record<string, string>>;
    const versions = { ...dependencies, ...devDependencies };
    expect(compressionParameters('zstd')).toBe(`@bokuweb/zstd-wasm ${versions['@bokuweb/zstd-wasm']} -3 ${pieceBytes}`);
    expect(compressionParameters('gzip')).toBe(`pako ${versions.pako} -6 ${pieceBytes}`);
  });

  it('makes one gzip member, without time, name and system: common readers stop after the first', async () => {
    const bytes = content(pieceBytes + 1);
    const result = await compressed(bytes, 'gzip');
    expect(result.subarray(0, 10).toString('hex')).toBe('1f8b08000000000000ff');
    // The deflate stream that begins there ends where the trailer does.
    expect(inflateRawSync(result.subarray(10, -8)).equals(bytes)).toBe(true);
    expect(gunzipSync(result).equals(bytes)).toBe(true);
  });

  it('makes zstd frames that say how long they are', async () => {
    const result = await compressed(content(pieceBytes + 1), 'zstd');
    const listing = listed(result);
    expect(listing).toMatch(/Frames: 2\b/);
    expect(listing).toContain(`(${pieceBytes + 1} B)`);
  });
});
