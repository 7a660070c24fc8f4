import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import type { Compressor } from '../../src/disk/compressors/compressor.ts';
import { compressors } from '../../src/disk/compressors.ts';
import type { ImageSink } from '../../src/disk/formats/format.ts';
import { type WrittenImage, writeImageFile } from '../../src/disk/image-file.ts';
import { type ImageThreads, imageThreads } from '../../src/disk/image-threads.ts';
import { digestHex, digestOf } from '../../src/lib/digest.ts';
import { sparseDisk } from '../helpers/sparse-disk.ts';

const run = promisify(execFile);
const { signal } = new AbortController();

/** Programs that decompress to stdout. */
const programs = { gzip: ['gzip', '-dc'], zstd: ['zstd', '-dc', '-q'], xz: ['xz', '-dc'] } as const;

type Part = { kind: 'bytes' | 'disk'; bytes: Uint8Array } | { kind: 'zeros'; count: number };

const parts: fc.Arbitrary<Part[]> = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constantFrom('bytes' as const, 'disk' as const),
      bytes: fc
        .record({
          size: fc.oneof(fc.integer({ max: 2000, min: 0 }), fc.integer({ min: 0, max: 3_000_000 })),
          seed: fc.nat(250),
        })
        .map(({ size, seed }) => Uint8Array.from({ length: size }, (_, index) => (index * seed) >> 5)),
    }),
    fc.record({
      kind: fc.constant('zeros' as const),
      count: fc.oneof(fc.integer({ min: 0, max: 70_000 }), fc.integer({ min: 0, max: 20 << 20 })),
    }),
  ),
  { maxLength: 6 },
);

async function append(all: readonly Part[], sink: ImageSink): Promise<void> {
  for (const part of all) {
    if (part.kind === 'zeros') await sink.appendZeros(part.count);
    else if (part.kind === 'bytes') await sink.append(part.bytes);
    else
      await sink.appendDisk(sparseDisk(part.bytes.length, [{ position: 0, bytes: part.bytes }]), 0, part.bytes.length);
  }
}

const contentOf = (all: readonly Part[]) =>
  Buffer.concat(all.map((part) => (part.kind === 'zeros' ? Buffer.alloc(part.count) : part.bytes)));

for (const compressor of Object.values<Compressor>(compressors)) {
  describe(`the compressor ${compressor.name}`, () => {
    let directory: string;
    let threads: ImageThreads;
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'cosa-compressor-'));
      threads = imageThreads({ size: 2 });
    });
    afterAll(async () => {
      threads[Symbol.dispose]();
      await rm(directory, { recursive: true });
    });

    async function write(all: readonly Part[], by = threads): Promise<{ path: string; written: WrittenImage }> {
      const path = join(directory, 'image');
      await rm(path, { force: true });
      return {
        path,
        written: await writeImageFile(path, { threads: by, signal, compressor }, (sink) => append(all, sink)),
      };
    }

    it('gives what its program makes the same bytes of, and tells the sums of both', async () => {
      await fc.assert(
        fc.asyncProperty(parts, async (all) => {
          const { path, written } = await write(all);
          const content = contentOf(all);
          const [program, ...args] = programs[compressor.name];
          const { stdout } = await run(program, [...args, path], { encoding: 'buffer', maxBuffer: 1 << 30 });
          expect(stdout.equals(content)).toBe(true);
          const file = await readFile(path);
          expect(written).toEqual({
            size: file.length,
            sha256: digestHex(digestOf(file)),
            uncompressed: { size: content.length, sha256: digestHex(digestOf(content)) },
          });
        }),
        { numRuns: 8 },
      );
    });

    it('gives the same bytes with one thread and with two', async () => {
      using one = imageThreads({ size: 1 });
      const all: Part[] = [
        { kind: 'disk', bytes: Uint8Array.from({ length: 9 << 20 }, (_, index) => (index * index) >> 7) },
        { kind: 'zeros', count: 9_000_001 },
        { kind: 'bytes', bytes: Buffer.from('the end') },
      ];
      const { written } = await write(all);
      expect((await write(all, one)).written).toEqual(written);
    });

    it('stops when it is told to', async () => {
      const stop = new AbortController();
      const path = join(directory, 'stopped');
      const writing = writeImageFile(path, { threads, signal: stop.signal, compressor }, async (sink) => {
        await sink.append(Buffer.alloc(5 << 20, 'a'));
        stop.abort(new Error('stopped'));
        await sink.append(Buffer.alloc(5 << 20, 'b'));
      });
      await expect(writing).rejects.toThrow('stopped');
    });

    it('tells the error of what it compresses', async () => {
      const path = join(directory, 'failed');
      const writing = writeImageFile(path, { threads, signal, compressor }, async (sink) => {
        await sink.append(Buffer.from('a beginning'));
        throw new Error('no more');
      });
      await expect(writing).rejects.toThrow('no more');
      expect((await stat(path)).isFile()).toBe(true);
    });
  });
}

it('names the version of zstd that is pinned', async () => {
  expect(await compressors.zstd.parameters()).toContain(manifest.dependencies['@bokuweb/zstd-wasm']);
});
