import { describe, expect, it } from 'vitest';
import { type CpioEntry, readCpio } from '../../../src/lib/cpio/reader.ts';
import { encodeCpio, encodeCpioMember, endOfCpio } from '../../../src/lib/cpio/writer.ts';

async function read(bytes: Buffer, members = 10): Promise<CpioEntry[]> {
  async function* stream() {
    yield bytes;
  }
  const entries: CpioEntry[] = [];
  for await (const entry of readCpio(stream(), { members })) entries.push(entry);
  return entries;
}

const file = encodeCpioMember({ path: 'name', type: 'file', permissions: 0o644, size: 0 });

/** The file's header with one of its thirteen numbers changed. */
function changed(field: number, digits: string): Buffer {
  const copy = Buffer.concat([file, endOfCpio]);
  copy.write(digits.padStart(8, '0'), 6 + 8 * field, 'latin1');
  return copy;
}

describe('a cpio archive', () => {
  it('may be nothing, or nothing but zeros', async () => {
    expect(await read(Buffer.alloc(0))).toEqual([]);
    expect(await read(Buffer.alloc(1000))).toEqual([]);
    expect(await read(endOfCpio)).toEqual([]);
  });

  it.each([
    ['text', Buffer.from('x'.repeat(200)), 'cpio: no header is at offset 0'],
    ['the old portable format', Buffer.from('070707'.padEnd(200, '0')), 'cpio: no header is at offset 0'],
    [
      'something behind the trailer',
      Buffer.concat([endOfCpio, Buffer.alloc(8), Buffer.from('xz'.repeat(200))]),
      'cpio: no header is at offset 132',
    ],
    ['a number that is none', changed(6, '-1'), 'cpio: the header at offset 0 has a number that is none'],
    ['an empty name', changed(11, '1'), 'cpio: the header at offset 0 has a name of 1 bytes'],
    ['no name', changed(11, '0'), 'cpio: the header at offset 0 has a name of 0 bytes'],
    ['an endless name', changed(11, 'FFFFFFFF'), 'cpio: the header at offset 0 has a name of 4294967295 bytes'],
    ['a name without an end', changed(11, '4'), 'cpio: the name at offset 0 does not end where it says'],
    ['a name with more behind its end', changed(11, '20'), 'cpio: the name at offset 0 does not end where it says'],
  ])('is not %s', async (_name, bytes, message) => {
    await expect(read(bytes)).rejects.toMatchObject({ code: 'CPIO_INVALID', exitStatus: 4, message });
  });

  it('has names in UTF-8', async () => {
    const bytes = Buffer.concat([file, endOfCpio]);
    bytes[110] = 0xff;
    await expect(read(bytes)).rejects.toMatchObject({
      code: 'CPIO_INVALID',
      message: 'cpio: the name at offset 0 is not UTF-8',
    });
  });

  it('says where it ends too early', async () => {
    await expect(read(changed(6, 'FFFFFFFF'))).rejects.toMatchObject({
      code: 'CPIO_TRUNCATED',
      exitStatus: 4,
      message: 'cpio: the stream ends at offset 240, within "name"',
    });
    await expect(read(file)).rejects.toMatchObject({
      code: 'CPIO_TRUNCATED',
      message: 'cpio: the stream ends at offset 116, within a header',
    });
  });

  it('has a bounded number of members, in all archives together', async () => {
    const archive = encodeCpio([
      { path: 'a', permissions: 0o644, content: Buffer.from('1') },
      { path: 'b', permissions: 0o644, content: Buffer.from('2') },
    ]);
    expect(await read(Buffer.concat([archive, archive]), 4)).toHaveLength(4);
    await expect(read(Buffer.concat([archive, archive]), 3)).rejects.toMatchObject({
      code: 'CPIO_INVALID',
      message: 'cpio: there are more than 3 members',
    });
  });

  it('gives no more of a member than is asked for', async () => {
    const archive = encodeCpio([{ path: 'a', permissions: 0o644, content: Buffer.alloc(11) }]);
    async function* stream() {
      yield archive;
    }
    for await (const entry of readCpio(stream(), { members: 1 })) {
      await expect(entry.bytes(10)).rejects.toMatchObject({
        code: 'CPIO_MEMBER_TOO_LARGE',
        exitStatus: 4,
        message: 'cpio: "a" has 11 bytes, more than 10',
      });
      expect(await entry.bytes(11)).toEqual(Buffer.alloc(11));
    }
  });

  it('may have zeros behind a name, as dracut-cpio writes them', async () => {
    const padded = Buffer.concat([file.subarray(0, 115), Buffer.alloc(5), endOfCpio]);
    padded.write('0000000A', 6 + 8 * 11, 'latin1');
    expect(await read(padded)).toMatchObject([{ path: 'name' }]);
  });
});
