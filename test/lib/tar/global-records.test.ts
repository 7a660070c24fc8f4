import { describe, expect, it } from 'vitest';
import { encodeHeaderBlock } from '../../../src/lib/tar/header.ts';
import { encodePax } from '../../../src/lib/tar/pax.ts';
import { readTar, type TarEntry } from '../../../src/lib/tar/reader.ts';
import { endOfArchive, padding } from '../../../src/lib/tar/writer.ts';

const raw = { name: Buffer.from('a'), linkName: Buffer.alloc(0), mode: 0, uid: 0, gid: 0, size: 0, mtime: 0 };
const file = encodeHeaderBlock({ ...raw, typeFlag: '0' });

function pax(typeFlag: 'x' | 'g', records: readonly (readonly [key: string, value: string])[]): Buffer {
  const content = encodePax(new Map(records.map(([key, value]) => [key, Buffer.from(value)])));
  const header = encodeHeaderBlock({ ...raw, typeFlag, size: content.length });
  return Buffer.concat([header, content, padding(content.length)]);
}

async function read(...parts: Buffer[]): Promise<TarEntry[]> {
  async function* stream() {
    yield* parts;
    yield endOfArchive;
  }
  const entries: TarEntry[] = [];
  for await (const entry of readTar(stream())) entries.push(entry);
  return entries;
}

const keys = (count: number, value = '') => Array.from({ length: count }, (_, index) => [`k${index}`, value] as const);

describe('global pax records', () => {
  it.each([
    ['in one header', [pax('g', keys(65))]],
    ['in many, without values', keys(65).map((record) => pax('g', [record]))],
    [
      'of any kind',
      [
        pax(
          'g',
          keys(65).map(([key]) => [`SCHILY.xattr.user.${key}`, '']),
        ),
      ],
    ],
    ['that is a hundred thousand', [pax('g', keys(100_000))]],
  ])('may have 64 keys, and not one more: %s', async (_name, headers) => {
    await expect(read(...headers, file)).rejects.toMatchObject({
      code: 'TAR_PAX_INVALID',
      exitStatus: 4,
      message: expect.stringMatching(/^tar: the global pax headers up to offset [0-9]+ have more than 64 keys$/),
    });
  });

  it('may say the same again as often as they like', async () => {
    const headers = Array.from({ length: 1000 }, (_, index) => pax('g', [['mtime', String(index)]]));
    expect(await read(...headers, file)).toMatchObject([{ mtime: 999 }]);
  });

  it('are bounded together, keys and values', async () => {
    const long = 'x'.repeat(600_000);
    for (const records of [
      [
        ['a', long],
        ['b', long],
      ],
      [
        [`a${long}`, ''],
        [`b${long}`, ''],
      ],
    ] as const) {
      const headers = records.map((record) => pax('g', [record]));
      await expect(read(...headers, file)).rejects.toMatchObject({ code: 'TAR_ENTRY_TOO_LARGE', exitStatus: 4 });
    }
  });

  it('are put together once, and not for each entry', async () => {
    const [one, two, three] = await read(
      pax('g', [['SCHILY.xattr.user.a', '1']]),
      file,
      file,
      pax('x', [['SCHILY.xattr.user.b', '2']]),
      file,
    );
    expect(two?.xattrs).toBe(one?.xattrs);
    expect(three?.xattrs.map(({ name }) => name)).toEqual(['user.a', 'user.b']);
  });
});

describe('numbers that no system has', () => {
  const many = 2 ** 32 - 1;
  it.each([
    ['uid', many],
    ['uid', 2 ** 40],
    ['gid', many],
    ['gid', 2 ** 53],
    ['mode', 2 ** 32],
  ])('are no %s: %i', async (field, value) => {
    await expect(read(encodeHeaderBlock({ ...raw, typeFlag: '0', [field]: value }))).rejects.toMatchObject({
      code: 'TAR_HEADER_NUMBER',
      exitStatus: 4,
      message: `tar: the header at offset 0 has no valid ${field}`,
    });
  });

  it.each([
    ['uid', String(many)],
    ['gid', '999999999999999'],
  ])('are none in a record either: %s %s', async (field, value) => {
    for (const flag of ['x', 'g'] as const) {
      await expect(read(pax(flag, [[field, value]]), file)).rejects.toMatchObject({
        code: 'TAR_PAX_INVALID',
        exitStatus: 4,
      });
    }
  });

  it('end just before the one that means nobody', async () => {
    expect(await read(encodeHeaderBlock({ ...raw, typeFlag: '0', uid: many - 1, gid: many - 1 }))).toMatchObject([
      { uid: many - 1, gid: many - 1 },
    ]);
  });
});
