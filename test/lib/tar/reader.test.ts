import { describe, expect, it } from 'vitest';
import { encodeHeaderBlock } from '../../../src/lib/tar/header.ts';
import { encodePax } from '../../../src/lib/tar/pax.ts';
import { readTar } from '../../../src/lib/tar/reader.ts';
import { encodeEntry, endOfArchive, padding } from '../../../src/lib/tar/writer.ts';

const plain = { path: 'a', linkTarget: '', mode: 0o644, uid: 0, gid: 0, size: 0, mtime: 0, xattrs: [] };
const raw = {
  typeFlag: '0',
  name: Buffer.from('a'),
  linkName: Buffer.alloc(0),
  mode: 0,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0,
};

async function* stream(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

async function readAll(...parts: Uint8Array[]) {
  const entries = [];
  for await (const entry of readTar(stream(...parts))) {
    const { content: _content, bytes, ...header } = entry;
    entries.push({ ...header, text: (await bytes(4096)).toString() });
  }
  return entries;
}

function paxEntry(records: Record<string, string | Buffer>, typeFlag = 'x'): Buffer {
  const content = encodePax(new Map(Object.entries(records).map(([key, value]) => [key, Buffer.from(value)])));
  return Buffer.concat([
    encodeHeaderBlock({ ...raw, typeFlag, size: content.length }),
    content,
    padding(content.length),
  ]);
}

function withFlippedByte(block: Buffer, at: number): Buffer {
  const copy = Buffer.from(block);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

/** A ustar header of an old program: prefix field used, octal numbers with a space behind. */
function ustarBlock(prefix: string, name: string): Buffer {
  const block = encodeHeaderBlock({ ...raw, name: Buffer.from(name), mode: 0o644 });
  block.write('ustar\x0000', 257, 'latin1');
  block.write(prefix, 345);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

describe('readTar', () => {
  it('joins the prefix of a ustar header to its name', async () => {
    const [entry] = await readAll(ustarBlock('usr/lib', 'os-release'), endOfArchive);
    expect(entry?.path).toBe('usr/lib/os-release');
  });

  it('lets pax records win over the header, and takes them for one entry alone', async () => {
    const entries = await readAll(
      paxEntry({
        path: 'ä/long',
        size: '3',
        uid: '4000000',
        mtime: '12.75',
        'SCHILY.xattr.user.a': Buffer.from([0, 10, 61]),
      }),
      encodeHeaderBlock(raw),
      Buffer.from('abc'),
      padding(3),
      encodeHeaderBlock(raw),
      endOfArchive,
    );
    expect(entries).toMatchObject([
      {
        path: 'ä/long',
        text: 'abc',
        uid: 4000000,
        mtime: 12,
        xattrs: [{ name: 'user.a', value: Buffer.from([0, 10, 61]) }],
      },
      { path: 'a', text: '', uid: 0, mtime: 0, xattrs: [] },
    ]);
  });

  it('applies global records to every entry behind them, and an empty record takes one back', async () => {
    const entries = await readAll(
      paxEntry({ gid: '7', comment: 'ignored' }, 'g'),
      encodeHeaderBlock(raw),
      paxEntry({ gid: '' }),
      encodeHeaderBlock(raw),
      endOfArchive,
    );
    expect(entries.map((entry) => entry.gid)).toEqual([7, 0]);
  });

  it('takes an old directory without type for a directory', async () => {
    const [entry] = await readAll(encodeHeaderBlock({ ...raw, typeFlag: '\0', name: Buffer.from('d/') }), endOfArchive);
    expect(entry).toMatchObject({ type: 'directory', path: 'd/' });
  });

  it('reads the source to its end, so that the source can verify itself', async () => {
    async function* verified() {
      yield Buffer.concat([encodeHeaderBlock(raw), endOfArchive]);
      yield Buffer.alloc(10240);
      throw new Error('digest does not match');
    }
    await expect(async () => {
      for await (const entry of readTar(verified())) expect(entry.path).toBe('a');
    }).rejects.toThrow('digest does not match');
  });

  it('ends the source when the consumer stops early', async () => {
    let ended = false;
    async function* source() {
      try {
        yield encodeHeaderBlock(raw);
        yield endOfArchive;
      } finally {
        ended = true;
      }
    }
    for await (const entry of readTar(source())) {
      expect(entry.path).toBe('a');
      break;
    }
    expect(ended).toBe(true);
  });

  const file = encodeEntry({ ...plain, type: 'file' });
  const table: [what: string, parts: Buffer[], code: string, message: string][] = [
    ['nothing', [], 'TAR_TRUNCATED', 'tar: the stream ends at offset 0, before the end-of-archive marker'],
    ['no end', [file], 'TAR_TRUNCATED', 'tar: the stream ends at offset 512, before the end-of-archive marker'],
    [
      'a cut header',
      [file.subarray(0, 100)],
      'TAR_TRUNCATED',
      'tar: the stream ends at offset 100, before the end-of-archive marker',
    ],
    [
      'cut content',
      [encodeEntry({ ...plain, type: 'file', size: 10 }), Buffer.from('abc')],
      'TAR_TRUNCATED',
      'tar: the stream ends at offset 515, within "a"',
    ],
    [
      'a cut pax header',
      [paxEntry({ path: 'b' }).subarray(0, 514)],
      'TAR_TRUNCATED',
      'tar: the stream ends at offset 514, within an extended header',
    ],
    [
      'a flipped bit',
      [withFlippedByte(file, 0), endOfArchive],
      'TAR_HEADER_CHECKSUM',
      'tar: the header at offset 0 does not match its checksum',
    ],
    [
      'a negative size',
      [encodeHeaderBlock({ ...raw, size: -1 }), endOfArchive],
      'TAR_HEADER_NUMBER',
      'tar: the header at offset 0 has no valid size',
    ],
    [
      'letters for a number',
      [withFlippedByte(file, 148).fill('x', 148, 156), endOfArchive],
      'TAR_HEADER_NUMBER',
      'tar: the header at offset 0 has no valid checksum',
    ],
    [
      'an unknown type',
      [encodeHeaderBlock({ ...raw, typeFlag: 'V' }), endOfArchive],
      'TAR_ENTRY_TYPE',
      'tar: "a" at offset 0 has the unknown type "V"',
    ],
    [
      'an old GNU sparse file',
      [encodeHeaderBlock({ ...raw, typeFlag: 'S' }), endOfArchive],
      'TAR_SPARSE',
      'tar: the entry at offset 0 is a sparse file, which is not supported',
    ],
    [
      'a pax sparse file',
      [paxEntry({ 'GNU.sparse.major': '1' }), file, endOfArchive],
      'TAR_SPARSE',
      'tar: the entry at offset 1024 is a sparse file, which is not supported',
    ],
    [
      'a directory with content',
      [encodeHeaderBlock({ ...raw, typeFlag: '5', size: 5 }), endOfArchive],
      'TAR_ENTRY_SIZE',
      'tar: "a" at offset 0 is a directory of 5 bytes',
    ],
    [
      'an empty name',
      [encodeHeaderBlock({ ...raw, name: Buffer.alloc(0) }), endOfArchive],
      'TAR_NAME_INVALID',
      'tar: the entry at offset 0 has an empty name or a zero in it',
    ],
    [
      'a zero in a name',
      [paxEntry({ path: 'a\0b' }), file, endOfArchive],
      'TAR_NAME_INVALID',
      'tar: the entry at offset 1024 has an empty name or a zero in it',
    ],
    [
      'a symbolic link to nothing',
      [encodeHeaderBlock({ ...raw, typeFlag: '2' }), endOfArchive],
      'TAR_NAME_INVALID',
      'tar: the entry at offset 0 has an empty name or a zero in it',
    ],
    [
      'a Latin-1 name',
      [encodeHeaderBlock({ ...raw, name: Buffer.from([0x66, 0xfc, 0x72]) }), endOfArchive],
      'TAR_NAME_ENCODING',
      'tar: the name "für" of the entry at offset 0 is not UTF-8',
    ],
    [
      'a pax size with a sign',
      [paxEntry({ size: '-1' }), file, endOfArchive],
      'TAR_PAX_INVALID',
      'tar: the pax header before offset 1024 has no valid size',
    ],
    [
      'a huge pax header',
      [encodeHeaderBlock({ ...raw, typeFlag: 'x', size: 2 ** 40 }), endOfArchive],
      'TAR_ENTRY_TOO_LARGE',
      'tar: the extended header at offset 0 is larger than 1114112 bytes',
    ],
    [
      'content over the limit',
      [encodeEntry({ ...plain, type: 'file', size: 5000 }), endOfArchive],
      'TAR_ENTRY_TOO_LARGE',
      'tar: "a" at offset 512 is larger than 4096 bytes',
    ],
    [
      'data behind the end',
      [file, endOfArchive, file],
      'TAR_TRAILING_DATA',
      'tar: data follows the end-of-archive marker at offset 1024',
    ],
    [
      'zeros without end',
      [file, Buffer.alloc(3 << 20)],
      'TAR_TRAILING_DATA',
      'tar: data follows the end-of-archive marker at offset 1024',
    ],
  ];
  it.each(table)('rejects %s', async (_what, parts, code, message) => {
    await expect(readAll(...parts)).rejects.toThrow(expect.objectContaining({ code, message, exitStatus: 4 }));
  });

  it.each([
    ['no length', 'path=a\n', 'has a record without length'],
    ['a length of zero', '0 path=a\n', 'has a record without length'],
    ['a length beyond the end', '99 path=a\n', 'ends within a record'],
    ['no equals sign', '6 abc\n', 'has a malformed record'],
    ['no newline', '10 path=ab', 'has a malformed record'],
  ])('rejects a pax record with %s', async (_what, content, reason) => {
    const header = encodeHeaderBlock({ ...raw, typeFlag: 'x', size: content.length });
    await expect(readAll(header, Buffer.from(content), padding(content.length), endOfArchive)).rejects.toThrow(
      `tar: the pax header at offset 0 ${reason}`,
    );
  });
});
