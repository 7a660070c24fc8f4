import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bytesContent, type LiveFilesystem } from '../../src/disk/live/filesystems/live-filesystem.ts';
import {
  makeLiveFilesystem,
  optionsKey,
  type Stretch,
  seenBelow,
  seenOf,
  sparseContent,
  wholeContent,
} from '../helpers/live-filesystem.ts';
import { withMounted } from '../helpers/mounted.ts';

/** What the contract is tried with. */
export interface LiveFilesystemTrial {
  filesystem: LiveFilesystem;
  /** Options to write with, of all kinds. */
  options: readonly string[];
  /** Bytes of the largest content. */
  maximum: number;
  /** Bytes that 8 GiB of holes may take. */
  holes: number;
  /** A program that reads it. @returns what {@link seenBelow} gives of the files */
  read(image: string): Promise<string[]>;
}

/** Bytes of a kind that a compressor sees: of texts, of compressed files, and zeros that are no holes. */
const bytes = fc
  .record({
    size: fc.oneof(
      fc.integer({ min: 1, max: 5000 }),
      fc.integer({ min: 1, max: 400_000 }),
      fc.constantFrom(4096, 65_536, 131_072, 262_144, 1_048_576),
    ),
    off: fc.constantFrom(-1, 0, 0, 1),
    kind: fc.constantFrom('text', 'noise', 'zeros'),
    seed: fc.nat(),
  })
  .map(({ size, off, kind, seed }) => {
    const all = Buffer.alloc(size + off);
    let state = seed | 1;
    const next = () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    };
    if (kind === 'noise') for (let at = 0; at < all.length; at++) all[at] = next();
    if (kind === 'text')
      for (let at = 0; at < all.length; at += 16) all.fill(`word ${next()} `, at, Math.min(at + 16, all.length));
    return all;
  })
  .filter(({ length }) => length > 0);

/** Stretches with holes between, and perhaps at the end. */
const content = fc
  .record({
    parts: fc.array(fc.record({ hole: fc.oneof(fc.nat(5000), fc.nat(3_000_000)), bytes }), { maxLength: 4 }),
    end: fc.oneof(fc.constant(0), fc.nat(5000), fc.nat(3_000_000)),
  })
  .map(({ parts, end }) => {
    const stretches: Stretch[] = [];
    let at = 0;
    for (const part of parts) {
      const offset = at + Math.max(part.hole, stretches.length === 0 ? 0 : 1);
      stretches.push({ offset, bytes: part.bytes });
      at = offset + part.bytes.length;
    }
    return { size: at + end, stretches };
  });

const files = fc.uniqueArray(
  fc.record({
    path: fc
      .array(fc.constantFrom('a', 'install', '512', 'root.img', 'ünïcode', 'name-'.repeat(40)), {
        minLength: 1,
        maxLength: 3,
      })
      // A name of a file is none of a directory.
      .map((names) => [...names.slice(0, -1), `${names.at(-1)}.file`].join('/')),
    content,
  }),
  { maxLength: 6, selector: ({ path }) => path },
);

/** What every filesystem of live media must be. */
export function describeLiveFilesystem({ filesystem, ...trial }: LiveFilesystemTrial): void {
  describe(`the live filesystem ${filesystem.name}`, () => {
    let directory: string;
    let count = 0;
    const image = () => join(directory, `image-${count++}`);
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), `cosa-${filesystem.name}-`));
    });
    afterAll(() => rm(directory, { recursive: true }));

    it.each(trial.options)(
      'holds what it is given, with the options %j',
      async (options) => {
        await fc.assert(
          fc.asyncProperty(files, fc.integer({ min: 1, max: 3 }), async (given, threads) => {
            const path = image();
            const live = given.map(({ path, content: { size, stretches } }) => ({
              path,
              content: sparseContent(size, stretches),
            }));
            await makeLiveFilesystem(filesystem, path, live, { options, threads });
            const wanted = seenOf(
              given.map(({ path, content: { size, stretches } }) => ({ path, content: wholeContent(size, stretches) })),
            );
            expect(await trial.read(path)).toEqual(wanted);
            if (process.getuid?.() === 0) expect(await withMounted(path, seenBelow)).toEqual(wanted);
            await rm(path);
          }),
          { numRuns: 8 },
        );
      },
      120_000,
    );

    const noise = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (Math.imul(index, index) >>> 7) & 0xff));
    const some = () => [
      { path: 'root.img', content: bytesContent(noise) },
      { path: 'install/layout', content: bytesContent(Buffer.from('size 1\n')) },
    ];

    it('has the same bytes with any number of threads', async () => {
      const first = await makeLiveFilesystem(filesystem, image(), some(), { threads: 1 });
      expect(await makeLiveFilesystem(filesystem, image(), some(), { threads: 1 })).toBe(first);
      expect(await makeLiveFilesystem(filesystem, image(), some(), { threads: 3 })).toBe(first);
    });

    it('takes little room for holes', async () => {
      const path = image();
      const content = sparseContent(2 ** 33, [{ offset: 2 ** 32 + 5000, bytes: Buffer.from('beyond 4 GiB') }]);
      await makeLiveFilesystem(filesystem, path, [{ path: 'root.img', content }]);
      expect((await stat(path)).size).toBeLessThan(trial.holes);
    });

    it('fails as a content fails', async () => {
      const content = { ...bytesContent(noise), read: () => Promise.reject(new Error('no more')) };
      await expect(makeLiveFilesystem(filesystem, image(), [...some(), { path: 'b', content }])).rejects.toThrow(
        'no more',
      );
    });

    it('stops when it is told to', async () => {
      const stop = new AbortController();
      const content: ReturnType<typeof bytesContent> = {
        ...bytesContent(noise),
        async read(_, buffer) {
          buffer.fill(1);
          stop.abort(new Error('stopped'));
        },
      };
      const making = makeLiveFilesystem(filesystem, image(), [{ path: 'a', content }], { signal: stop.signal });
      await expect(making).rejects.toThrow('stopped');
    });

    it.each([
      ['a/../b', 'no path of a file: a/../b'],
      ['/a', 'no path of a file: /a'],
      ['install/layout', 'a file is there twice: layout'],
    ])('refuses the path %j', async (path, message) => {
      const given = [...some(), { path, content: bytesContent(Buffer.from('x')) }];
      await expect(makeLiveFilesystem(filesystem, image(), given)).rejects.toThrow(new RangeError(message));
    });

    it('refuses a content that it cannot keep a list of', async () => {
      const content = { ...bytesContent(Buffer.alloc(0)), size: trial.maximum + 1 };
      await expect(makeLiveFilesystem(filesystem, image(), [{ path: 'root.img', content }])).rejects.toMatchObject({
        code: 'FILESYSTEM_TOO_LARGE',
        exitStatus: 2,
        message: `root.img has ${trial.maximum + 1} bytes, and files in ${filesystem.name} can have ${trial.maximum} here`,
      });
    });

    it('has parameters that differ as the options do', () => {
      const parameters = trial.options.map((options) => filesystem.parameters({ options, optionsKey }));
      expect(new Set(parameters).size).toBe(trial.options.length);
    });
  });
}
