import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultOfName, foldedName } from '../../../src/disk/filesystems/fat/names.ts';
import { fat } from '../../../src/disk/filesystems/fat.ts';
import type { FilesystemRequest, FilesystemWriter } from '../../../src/disk/filesystems/filesystem.ts';
import type { DirectoryNode, TreeNode } from '../../../src/disk/filesystems/tree.ts';
import { fileOutput, rangesOutput } from '../../../src/disk/output.ts';
import { mebibyte } from '../../../src/disk/partitions/region.ts';
import { run } from '../../../src/exec/run.ts';
import type { Tool } from '../../../src/exec/tools.ts';
import { directory, file, store, symlink } from './tree.ts';

const checker = (name: string, deb: string): Tool => ({ name, packages: { deb, rpm: deb }, purpose: 'reads FAT' });
const fsck = checker('fsck.fat', 'dosfstools');
const mcopy = checker('mcopy', 'mtools');
const mdir = checker('mdir', 'mtools');
const minfo = checker('minfo', 'mtools');

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-fat-'));
});
afterAll(() => rm(base, { recursive: true }));

const wish = {
  label: 'EFI-SYSTEM',
  uuid: '7b7795e7-1d2f-8a3b-9c4d-5e6f70819203',
  timestamp: 1_700_000_000,
  sectorSize: 512 as const,
  hiddenSectors: 4096,
  options: '',
  optionsKey: 'rootfs-args',
  scratch: '/nonexistent',
  signal: new AbortController().signal,
};

type Wish = Partial<Omit<FilesystemRequest, 'output'>>;

/** @param makeTree gets the writer, for contents that are stored before the tree */
async function write(makeTree: (writer: FilesystemWriter) => DirectoryNode, size?: number, more: Wish = {}) {
  const path = join(base, 'image');
  const descriptor = openSync(path, 'w');
  try {
    const output = fileOutput(descriptor);
    await using writer = await fat.begin({ ...wish, ...more, output });
    const bytes = await writer.finish(makeTree(writer), size);
    output.finish();
    ftruncateSync(descriptor, bytes);
    return { path, bytes };
  } finally {
    closeSync(descriptor);
  }
}

/** Fails unless fsck finds nothing at all. @returns what it says of the filesystem */
async function check(path: string) {
  const { stdout } = await run(fsck, ['-n', '-v', path]);
  expect(stdout).not.toMatch(/dirty|differ|wrong|bad|invalid|reclaim|unused clusters \(/i);
  const number = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1]);
  return {
    bits: number(/(\d+) bit entries/),
    sectorSize: number(/(\d+) bytes per logical sector/),
    clusterSize: number(/(\d+) bytes per cluster/),
    clusters: number(/(\d+) data clusters/),
    hiddenSectors: number(/(\d+) hidden sectors/),
    files: number(/: (\d+) files/),
  };
}

/** Paths with their contents; undefined for directories. */
async function readBack(path: string): Promise<Map<string, string | undefined>> {
  const target = await mkdtemp(join(base, 'read-'));
  await run(mcopy, ['-s', '-n', '-i', path, '::/', target], { env: { MTOOLSRC: '/dev/null' } });
  const found = new Map<string, string | undefined>();
  for (const entry of await readdir(target, { withFileTypes: true, recursive: true })) {
    const full = join(entry.parentPath, entry.name);
    found.set(full.slice(target.length + 1), entry.isDirectory() ? undefined : await readFile(full, 'latin1'));
  }
  await rm(target, { recursive: true });
  return found;
}

function contents(node: DirectoryNode, path = ''): [string, string | undefined][] {
  return [...node.entries].flatMap(([bytes, child]): [string, string | undefined][] => {
    const at = path + Buffer.from(bytes, 'latin1').toString();
    if (child.kind === 'directory') return [[at, undefined], ...contents(child, `${at}/`)];
    return child.kind === 'file' ? [[at, (child.content as Buffer).toString('latin1')]] : [];
  });
}

/** mtools cannot show what lies beyond the first 65,536 characters. */
const beyondMtools = /[\u{10000}-\u{10ffff}]/u;

const name = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
    fc.stringMatching(/^[A-Za-z0-9~_. +]{1,20}$/),
    fc.stringMatching(/^LONGNA~?[0-9]{0,3}[a-c]{0,3}\.txt$/),
    fc.string({ unit: fc.constantFrom('x', 'ä', '日'), minLength: 60, maxLength: 80 }),
  )
  .filter((text) => faultOfName(text) === undefined && !beyondMtools.test(text) && Buffer.byteLength(text) <= 255);

const names = <T>(node: fc.Arbitrary<T>) =>
  fc.uniqueArray(fc.tuple(name, node), { maxLength: 30, selector: ([text]) => foldedName(text) });

const { tree } = fc.letrec<{ tree: DirectoryNode; node: TreeNode }>((tie) => ({
  tree: names(tie('node')).map((entries) => directory(Object.fromEntries(entries))),
  node: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'tree' },
    fc.uint8Array({ maxLength: 3000 }).map((bytes) => file(Buffer.from(bytes))),
    tie('tree'),
  ),
}));

describe('fat', () => {
  it.each([
    [512, undefined],
    [512, 40 * mebibyte],
    [4096, undefined],
    [4096, 300 * mebibyte],
  ] as const)(
    'holds random trees, in sectors of %i bytes and a filesystem of %s',
    { timeout: 60_000 },
    async (sectorSize, size) => {
      await fc.assert(
        fc.asyncProperty(tree, async (root) => {
          const { path } = await write(() => root, size, { sectorSize });
          expect((await check(path)).sectorSize).toBe(sectorSize);
          expect(await readBack(path)).toEqual(new Map(contents(root)));
        }),
        { numRuns: 12, endOnFailure: true },
      );
    },
  );

  const loader = () =>
    directory({ EFI: directory({ BOOT: directory({ 'BOOTX64.EFI': file(Buffer.alloc(70_000, 'x')) }) }) });

  it.each([
    [512, 127, { bits: 32, clusterSize: 512, clusters: 256_062 }],
    [512, 32, { bits: 16, clusterSize: 512 }],
    [512, 33, { bits: 32, clusterSize: 512 }],
    [512, 31, { bits: 16, clusterSize: 512 }],
    [512, 34, { bits: 32, clusterSize: 512 }],
    [512, 260, { bits: 32, clusterSize: 512 }],
    [512, 261, { bits: 32, clusterSize: 4096 }],
    [4096, 17, { bits: 16, clusterSize: 4096 }],
    [4096, 127, { bits: 16, clusterSize: 4096 }],
    [4096, 256, { bits: 16, clusterSize: 4096, clusters: 65_467 }],
    [4096, 257, { bits: 32, clusterSize: 4096, clusters: 65_630 }],
    [4096, 4096, { bits: 32, clusterSize: 4096 }],
  ] as const)('divides %i-byte sectors of %i MiB as firmware wants it', async (sectorSize, size, expected) => {
    const { path } = await write(loader, size * mebibyte, { sectorSize });
    const found = await check(path);
    expect(found).toMatchObject({ ...expected, sectorSize, hiddenSectors: 4096, files: 4 });
    const [least, most] = found.bits === 32 ? [65_525 + 16, 0x0fff_ffe5] : [4085 + 16, 65_525 - 17];
    expect(found.clusters).toBeGreaterThanOrEqual(least);
    expect(found.clusters).toBeLessThanOrEqual(most);
  });

  it('finds a valid division for every size from the least on', async () => {
    for (const sectorSize of [512, 4096] as const) {
      const least = sectorSize === 512 ? 3 : 17;
      for (let size = least; size < 300; size++) {
        const output = rangesOutput();
        await using writer = await fat.begin({ ...wish, sectorSize, output });
        expect(await writer.finish(directory(), size * mebibyte)).toBe(size * mebibyte);
      }
    }
  });

  it('has the volume id, and the label twice', async () => {
    const { path } = await write(loader, 127 * mebibyte);
    const { stdout } = await run(minfo, ['-i', path], { env: { MTOOLSRC: '/dev/null' } });
    expect(stdout).toContain('serial number: 7B7795E7');
    expect(stdout).toContain('disk label="EFI-SYSTEM "');
    const listing = await run(mdir, ['-i', path, '::/'], { env: { MTOOLSRC: '/dev/null' } });
    expect(listing.stdout).toContain('Volume in drive : is EFI-SYSTEM');
    expect(listing.stdout).toContain('Volume Serial Number is 7B77-95E7');
  });

  it('keeps modification times that FAT can tell, and the nearest of others', async () => {
    const times = { earliest: 0, some: Date.UTC(2024, 1, 29, 12, 34, 57) / 1000, latest: 2 ** 33 };
    const root = directory(Object.fromEntries(Object.entries(times).map(([key, mtime]) => [key, file('', { mtime })])));
    const { path } = await write(() => root);
    const { stdout } = await run(mdir, ['-i', path, '::/'], { env: { MTOOLSRC: '/dev/null' } });
    const time = (key: string) =>
      /\d{4}-\d\d-\d\d +\d+:\d\d/.exec(stdout.split('\n').find((line) => line.endsWith(key)) ?? '')?.[0];
    expect([time('earliest'), time('some'), time('latest')]).toEqual([
      '1980-01-01   0:00',
      '2024-02-29  12:34',
      '2107-12-31  23:59',
    ]);
  });

  it('stores contents that came before the tree, and a hard link as a copy', async () => {
    const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251));
    const { path } = await write((writer) => {
      const stored = file(store(writer.create(bytes.length), bytes, 7777));
      const empty = file(store(writer.create(0), Buffer.alloc(0)));
      return directory({ one: stored, two: stored, empty });
    });
    await check(path);
    const text = bytes.toString('latin1');
    expect(await readBack(path)).toEqual(
      new Map([
        ['one', text],
        ['two', text],
        ['empty', ''],
      ]),
    );
  });

  it('leaves content alone that lies in its place already', async () => {
    const bytes = Buffer.alloc(5000, 'x');
    const written = rangesOutput();
    await using writer = await fat.begin({ ...wish, output: written });
    await writer.finish(directory({ a: file(store(writer.create(5000), bytes)), b: file('b') }), 40 * mebibyte);
    const laidOver = rangesOutput();
    await using other = await fat.begin({ ...wish, output: laidOver });
    await other.finish(directory({ a: file(other.reserve(5000)), b: file('b') }), 40 * mebibyte);
    const withoutContent = written.ranges().map((range) => ({ ...range, bytes: Buffer.from(range.bytes) }));
    for (const { bytes } of withoutContent)
      for (let at = bytes.indexOf('x'); at !== -1; at = bytes.indexOf('x', at)) bytes[at] = 0;
    expect(Buffer.concat(laidOver.ranges().map(({ bytes }) => bytes)).includes('xxx')).toBe(false);
    expect(laidOver.ranges()[0]).toEqual(withoutContent[0]);
  });

  it('stores names in UTF-16, in parts that belong to the short name', async () => {
    const output = rangesOutput();
    await using writer = await fat.begin({ ...wish, output });
    await writer.finish(directory({ '🙂': file('') }));
    const bytes = Buffer.concat(output.ranges().map((range) => range.bytes));
    const at = bytes.indexOf('_~1        ', 0, 'latin1');
    expect(bytes.subarray(at - 32, at - 32 + 11)).toEqual(
      Buffer.from([0x41, 0x3d, 0xd8, 0x42, 0xde, 0, 0, 0xff, 0xff, 0xff, 0xff]),
    );
  });

  it('gives the same bytes whatever the order of entries and of contents', async () => {
    const make = async (isReversed: boolean) => {
      const output = rangesOutput();
      await using writer = await fat.begin({ ...wish, output });
      const order = isReversed ? ['b', 'a'] : ['a', 'b'];
      const entries = order.map((key) => [key, file(store(writer.create(6000), Buffer.alloc(6000, key)))] as const);
      await writer.finish(directory(Object.fromEntries(entries)), 40 * mebibyte);
      return output.ranges();
    };
    expect(await make(true)).toEqual(await make(false));
  });

  it('says how many bytes are needed, and they are enough', async () => {
    const root = directory({ kernel: file(Buffer.alloc(50 * mebibyte)) });
    const message =
      'the EFI-SYSTEM filesystem needs 53477376 bytes (51 MiB), and its partition has 41943040 bytes (40 MiB)';
    await expect(write(() => root, 40 * mebibyte)).rejects.toMatchObject({ code: 'FILESYSTEM_FULL', message });
    expect((await write(() => root)).bytes).toBe(51 * mebibyte);
    await expect(write(() => directory(), mebibyte)).rejects.toThrow(
      'the EFI-SYSTEM filesystem needs 3145728 bytes (3 MiB), and its partition has 1048576 bytes (1 MiB)',
    );
    await expect(
      write((writer) => directory({ a: file(store(writer.create(2 ** 30), Buffer.alloc(0))) })),
    ).rejects.toThrow('the EFI-SYSTEM filesystem gets more than the 512 MiB that it can hold');
  });

  const inDirectory = (key: string, node: TreeNode = file('')) =>
    directory({ EFI: directory({}, { entries: new Map([[key, node]]) }) });
  const deep = (levels: number): DirectoryNode => (levels === 0 ? directory() : directory({ d: deep(levels - 1) }));

  it.each([
    [
      'ESP_NAME',
      inDirectory('a:b'),
      '"/EFI/a:b" cannot be a name in the EFI-SYSTEM filesystem: it has the character ":"',
    ],
    [
      'ESP_NAME',
      inDirectory('a\\b'),
      '"/EFI/a\\\\b" cannot be a name in the EFI-SYSTEM filesystem: it has the character "\\\\"',
    ],
    [
      'ESP_NAME',
      inDirectory('a\nb'),
      '"/EFI/a\\nb" cannot be a name in the EFI-SYSTEM filesystem: it has the character "\\n"',
    ],
    [
      'ESP_NAME',
      inDirectory('a.'),
      '"/EFI/a." cannot be a name in the EFI-SYSTEM filesystem: it ends with a dot or a space',
    ],
    ['ESP_NAME', inDirectory('\xff'), '"/EFI/ÿ" cannot be a name in the EFI-SYSTEM filesystem: it is no UTF-8'],
    [
      'ESP_NAME',
      inDirectory('x'.repeat(256)),
      `"/EFI/${'x'.repeat(256)}" cannot be a name in the EFI-SYSTEM filesystem: it has more than 255 characters`,
    ],
    [
      'ESP_NAME',
      directory({ boot: file(''), Boot: file('') }),
      '"/boot" cannot be a name in the EFI-SYSTEM filesystem: "Boot" is the same name there',
    ],
    [
      'ESP_NAME',
      directory({ über: file(''), Über: file('') }),
      '"/über" cannot be a name in the EFI-SYSTEM filesystem: "Über" is the same name there',
    ],
    [
      'ESP_ENTRY',
      inDirectory('link', symlink('/etc')),
      '"/EFI/link" in the EFI-SYSTEM filesystem is neither a file nor a directory',
    ],
    ['ESP_ENTRY', deep(65), `"${'/d'.repeat(65)}" in the EFI-SYSTEM filesystem lies more than 64 directories deep`],
    [
      'ESP_ENTRY',
      directory(Object.fromEntries(Array.from({ length: 65_536 }, (_, index) => [`F${index}`, file('')]))),
      '"/" in the EFI-SYSTEM filesystem has more entries than FAT can hold',
    ],
  ] as const)('refuses what FAT cannot hold: %s %#', async (code, root, message) => {
    await expect(write(() => root)).rejects.toMatchObject({ code, message, exitStatus: 4 });
  });

  it('refuses options', async () => {
    await expect(write(() => directory(), undefined, { options: '-F 12' })).rejects.toMatchObject({
      code: 'FILESYSTEM_OPTION',
      exitStatus: 2,
    });
  });

  it('reports contents of another size as a mistake, and does nothing once it is stopped', async () => {
    await using writer = await fat.begin({ ...wish, output: rangesOutput() });
    const content = writer.create(2);
    content.write(Buffer.alloc(1));
    expect(() => content.close()).toThrow(new RangeError('1 of 2 bytes came'));
    expect(() => content.write(Buffer.alloc(2))).toThrow(new RangeError('more than 2 bytes came'));
    await expect(write(() => directory(), undefined, { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow(
      'stop',
    );
    await expect(write(() => directory(), undefined, { label: 'much too long' })).rejects.toThrow(RangeError);
  });
});
