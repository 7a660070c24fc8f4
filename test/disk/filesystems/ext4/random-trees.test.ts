import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FilesystemWriter } from '../../../../src/disk/filesystems/filesystem.ts';
import type { DirectoryNode, TreeNode } from '../../../../src/disk/filesystems/tree.ts';
import type { DiskRange } from '../../../../src/disk/output.ts';
import { directory, file, store } from '../tree.ts';
import { check, clean, makeImage, makeRanges } from './image.ts';
import { expected, readers } from './read-back.ts';

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-ext4-random-'));
});
afterAll(() => rm(base, { recursive: true }));

const bytes = (constraints: { minLength: number; maxLength: number }, without: readonly number[]) =>
  fc
    .array(fc.integer({ min: 1, max: 255 }), constraints)
    .map((all) => Buffer.from(all.filter((byte) => !without.includes(byte))).toString('latin1'));

const name = bytes({ minLength: 1, maxLength: 255 }, ['/'.charCodeAt(0)]).filter(
  (text) => text !== '' && text !== '.' && text !== '..' && text !== 'lost+found',
);
const target = fc
  .oneof(bytes({ minLength: 1, maxLength: 100 }, []), bytes({ minLength: 1, maxLength: 4095 }, []))
  .filter((text) => text !== '');

/** Runs of one byte: zeros make holes. */
const content = fc
  .array(fc.record({ length: fc.integer({ min: 0, max: 30_000 }), byte: fc.constantFrom(0, 0, 1, 255) }), {
    maxLength: 6,
  })
  .map((runs) => Buffer.concat(runs.map(({ length, byte }) => Buffer.alloc(length, byte))));

const inode = {
  uid: fc.integer({ min: 0, max: 0xffff_fffe }),
  gid: fc.integer({ min: 0, max: 0xffff_fffe }),
  mode: fc.integer({ min: 0, max: 0o7777 }),
  mtime: fc.integer({ min: -(2 ** 31), max: 2 ** 33 + 2 ** 31 - 1 }),
  xattrs: fc.uniqueArray(
    fc.record({
      name: fc.stringMatching(/^(user|trusted|security)\.[a-z]{1,30}$/),
      value: fc.uint8Array({ maxLength: 100 }),
    }),
    { maxLength: 5, selector: ({ name }) => name },
  ),
};

const entry = fc.record({
  /** Which of the directories, or of the other nodes for one more link, that there are so far. */
  at: fc.nat(),
  name,
  made: fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('file' as const), ...inode }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('directory' as const), ...inode }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('symlink' as const), ...inode, target }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'link' as const }) },
  ),
  content,
  stored: fc.record({
    isBuffer: fc.boolean(),
    isDense: fc.boolean(),
    chunk: fc.integer({ min: 1, max: 40_000 }),
  }),
});

type Entry = typeof entry extends fc.Arbitrary<infer T> ? T : never;

/** @returns a tree, and the bytes of its files */
function build(entries: readonly Entry[], writer: FilesystemWriter) {
  const root = directory();
  const directories: DirectoryNode[] = [root];
  const others: TreeNode[] = [];
  const contents = new Map<object, Buffer>();
  for (const { at, name, made, content, stored } of entries) {
    const parent = directories[at % directories.length] as DirectoryNode;
    if (parent.entries.has(name)) continue;
    let node: TreeNode;
    if (made.kind === 'link') {
      const other = others[at % Math.max(1, others.length)];
      if (other === undefined) continue;
      node = other;
    } else if (made.kind === 'directory') {
      node = { ...made, entries: new Map() };
      directories.push(node);
    } else if (made.kind === 'symlink') {
      node = made;
      others.push(node);
    } else {
      const held = stored.isBuffer
        ? Buffer.from(content)
        : store(writer.create(content.length, stored.isDense), content, stored.chunk);
      node = { ...made, content: held };
      contents.set(node, content);
      others.push(node);
    }
    parent.entries.set(name, node);
  }
  return { root, contents };
}

describe('a random tree in ext4', () => {
  it.each(readers)('is what $reader reads', async ({ depth, read }) => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 40 }), async (entries) => {
        const image = join(base, 'random');
        let wanted = new Map<string, string>();
        await makeImage(image, (writer) => {
          const { root, contents } = build(entries, writer);
          wanted = expected(root, contents, depth);
          return root;
        });
        expect(await check(image)).toMatchObject(clean);
        expect(await read(image)).toEqual(wanted);
      }),
      { numRuns: 15 },
    );
  });

  it.each(readers)('with an index of names, has each name where $reader looks for it', async ({ depth, read }) => {
    const names = fc.uniqueArray(name, { minLength: 100, maxLength: 600, size: 'max' });
    await fc.assert(
      fc.asyncProperty(names, async (names) => {
        const image = join(base, 'names');
        const contents = new Map<object, Buffer>();
        const entries = names.map((name): [string, TreeNode] => {
          const node = file(name);
          contents.set(node, Buffer.from(name));
          return [name, node];
        });
        const root = directory({ d: directory({}, { entries: new Map(entries) }) });
        const wanted = expected(root, contents, depth);
        await makeImage(image, root);
        expect(await check(image)).toMatchObject(clean);
        expect(await read(image)).toEqual(wanted);
      }),
      { numRuns: 5 },
    );
  });

  it('has the same bytes whatever the order of entries', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 20 }), async (entries) => {
        const first = await makeRanges((writer) => build(entries, writer).root);
        const second = await makeRanges((writer) => {
          const { root } = build(entries, writer);
          reverseEntries(root);
          return root;
        });
        expect(second.ranges.length).toBe(first.ranges.length);
        expect(second.ranges.every((range, index) => isSame(range, first.ranges[index]))).toBe(true);
      }),
      { numRuns: 10 },
    );
  });
});

/** Faster than a comparison that can show the difference. */
function isSame(range: DiskRange, other: DiskRange | undefined): boolean {
  return other !== undefined && range.position === other.position && range.bytes.equals(other.bytes);
}

function reverseEntries(directory: DirectoryNode): void {
  directory.entries = new Map([...directory.entries].reverse());
  for (const node of directory.entries.values()) {
    if (node.kind === 'directory') reverseEntries(node);
    node.xattrs = [...node.xattrs].reverse();
  }
}
