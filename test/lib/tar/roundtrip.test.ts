import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTar } from '../../../src/lib/tar/reader.ts';
import type { TarEntryType, TarHeader } from '../../../src/lib/tar/types.ts';
import { encodeEntry, endOfArchive, padding } from '../../../src/lib/tar/writer.ts';

interface Item {
  header: TarHeader;
  content: Buffer;
}

const name = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 150 })
  .filter((text) => !text.includes('\0') && Buffer.from(text).toString() === text);
const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const type = fc.constantFrom<TarEntryType>('file', 'hardlink', 'symlink', 'directory', 'fifo', 'character-device');

const item: fc.Arbitrary<Item> = fc
  .record({
    type,
    path: name,
    linkTarget: name,
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
    gid: fc.integer({ min: 0, max: 2 ** 32 - 2 }),
    mtime: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    xattrs: fc.uniqueArray(
      fc.record({ name: name.map((text) => `user.${text.replaceAll('\n', '')}`), value: bytes(60) }),
      { selector: (xattr) => xattr.name, maxLength: 3 },
    ),
    content: bytes(2000),
  })
  .map(({ content, linkTarget, ...rest }) => {
    const isFile = rest.type === 'file';
    const isLink = rest.type === 'symlink' || rest.type === 'hardlink';
    return {
      header: { ...rest, linkTarget: isLink ? linkTarget : '', size: isFile ? content.length : 0 },
      content: isFile ? content : Buffer.alloc(0),
    };
  });

function archive(items: readonly Item[]): Buffer {
  const parts = items.flatMap(({ header, content }) => [encodeEntry(header), content, padding(content.length)]);
  return Buffer.concat([...parts, endOfArchive]);
}

async function* inChunks(data: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let offset = 0; offset < data.length; offset += size) yield data.subarray(offset, offset + size);
}

describe('tar', () => {
  it('reads back whatever it writes, however the stream is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 6 }), fc.integer({ min: 1, max: 3000 }), async (items, chunk) => {
        const read: Item[] = [];
        for await (const entry of readTar(inChunks(archive(items), chunk))) {
          const { content: _content, bytes: whole, offset: _offset, owner, ...header } = entry;
          expect(owner).toEqual({ user: '', group: '' });
          read.push({ header, content: await whole(2000) });
        }
        expect(read).toEqual(items);
      }),
    );
  });

  it('skips content that nobody reads, and the rest of what was read in part', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 6 }), fc.integer({ min: 1, max: 700 }), async (items, chunk) => {
        const paths: string[] = [];
        for await (const entry of readTar(inChunks(archive(items), chunk))) {
          paths.push(entry.path);
          if (paths.length % 2 === 0) await entry.content().next();
        }
        expect(paths).toEqual(items.map(({ header }) => header.path));
      }),
    );
  });

  it('never accepts a stream that is cut off', async () => {
    await fc.assert(
      fc.asyncProperty(item, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), async (one, part) => {
        const data = archive([one]);
        // A lone zero block already says that the archive has ended.
        const cut = data.subarray(0, Math.floor((data.length - endOfArchive.length / 2) * part));
        await expect(async () => {
          for await (const entry of readTar(inChunks(cut, 512))) await entry.bytes(2000);
        }).rejects.toThrow(expect.objectContaining({ code: 'TAR_TRUNCATED' }));
      }),
    );
  });

  it('either reads or rejects with a stable code, whatever the bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        item,
        fc.array(fc.tuple(fc.nat(4000), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (one, flips) => {
          const data = archive([one]);
          for (const [position, value] of flips) data[position % data.length] = value;
          try {
            for await (const entry of readTar(inChunks(data, 512))) await entry.bytes(2000);
          } catch (error) {
            expect((error as { code: string }).code).toMatch(/^TAR_/);
          }
        },
      ),
    );
  });
});
