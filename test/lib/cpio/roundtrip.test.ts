import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CpioEntry, readCpio } from '../../../src/lib/cpio/reader.ts';
import { type CpioMember, cpioPadding, encodeCpioMember, endOfCpio } from '../../../src/lib/cpio/writer.ts';

interface Item {
  member: CpioMember;
  content: Buffer;
}

const item: fc.Arbitrary<Item> = fc
  .record({
    path: fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 100 })
      .filter((text) => !text.includes('\0') && Buffer.from(text).toString() === text),
    type: fc.constantFrom<'file' | 'directory'>('file', 'directory'),
    permissions: fc.integer({ min: 0, max: 0o7777 }),
    content: fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
  })
  .map(({ content, ...rest }) => {
    const kept = rest.type === 'file' ? content : Buffer.alloc(0);
    return { member: { ...rest, size: kept.length }, content: kept };
  });

function archive(items: readonly Item[]): Buffer {
  const parts = items.flatMap(({ member, content }) => [
    encodeCpioMember(member),
    content,
    cpioPadding(content.length),
  ]);
  return Buffer.concat([...parts, endOfCpio]);
}

async function* inChunks(data: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let offset = 0; offset < data.length; offset += size) yield data.subarray(offset, offset + size);
}

const archives = fc.array(fc.tuple(fc.array(item, { maxLength: 4 }), fc.integer({ min: 0, max: 20 })), {
  minLength: 1,
  maxLength: 3,
});

/** The archives behind each other, with four times as many zeros behind each as are given. */
function joined(given: readonly (readonly [Item[], number])[]): Buffer {
  return Buffer.concat(given.flatMap(([items, zeros]) => [archive(items), Buffer.alloc(4 * zeros)]));
}

describe('cpio', () => {
  it('reads back whatever it writes, however the stream is cut, and of any number of archives', async () => {
    await fc.assert(
      fc.asyncProperty(archives, fc.integer({ min: 1, max: 600 }), async (given, chunk) => {
        const read: object[] = [];
        for await (const entry of readCpio(inChunks(joined(given), chunk), { members: 100 })) {
          const { content: _content, bytes, offset, ...header } = entry;
          expect(offset % 4).toBe(0);
          read.push({ ...header, content: await bytes(500) });
        }
        const expected = given.flatMap(([items]) =>
          items.map(({ member: { path, type, permissions, size }, content }) => ({
            path,
            mode: (type === 'file' ? 0o100000 : 0o40000) | permissions,
            uid: 0,
            gid: 0,
            links: 1,
            mtime: 0,
            size,
            content,
          })),
        );
        expect(read).toEqual(expected);
      }),
    );
  });

  it('skips content that nobody reads, and the rest of what was read in part', async () => {
    await fc.assert(
      fc.asyncProperty(archives, fc.integer({ min: 1, max: 100 }), async (given, chunk) => {
        const read: string[] = [];
        for await (const entry of readCpio(inChunks(joined(given), chunk), { members: 100 })) {
          read.push(entry.path);
          if (read.length % 2 === 0) await entry.content().next();
        }
        expect(read).toEqual(given.flatMap(([items]) => items.map(({ member }) => member.path)));
      }),
    );
  });

  it('never accepts an archive that is cut off', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 4 }), fc.nat(), async (items, seed) => {
        const whole = archive(items);
        const length = 1 + (seed % (whole.length - 1));
        await expect(drain(readCpio(inChunks(whole.subarray(0, length), 100), { members: 100 }))).rejects.toMatchObject(
          {
            code: 'CPIO_TRUNCATED',
          },
        );
      }),
    );
  });
});

async function drain(entries: AsyncIterable<CpioEntry>): Promise<void> {
  for await (const { content } of entries) for await (const _chunk of content());
}
