import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { openPackageArchive } from '../../../src/packages/deb/archive.ts';
import { type CompressedPart, decompressParts } from '../../../src/packages/decompress-parts.ts';
import { uncompressedXzSize } from '../../../src/packages/xz-size.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-test-'));
});
afterAll(() => rm(directory, { recursive: true }));

function member(name: string, content: string, size = String(content.length)): string {
  const header = `${name.padEnd(16)}${'1700000000'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}`;
  return `${header}${size.padEnd(10)}\`\n${content}${content.length % 2 === 1 ? '\n' : ''}`;
}

async function archiveOf(text: string): Promise<string> {
  const file = join(directory, 'archive.deb');
  await writeFile(file, text, 'latin1');
  return file;
}

const version = member('debian-binary', '2.0\n');

describe('the parts of a package file', () => {
  it('stand where the headers say, and the first header has the date', async () => {
    const text = `!<arch>\n${version}${member('_extra', 'abc')}${member('control.tar.xz/', 'C')}${member('data.tar', 'data')}`;
    const file = await archiveOf(text);
    expect(await openPackageArchive(file)).toEqual({
      control: { file, compression: 'xz', offset: text.indexOf('C\n'), size: 1 },
      data: { file, compression: 'none', offset: text.length - 4, size: 4 },
      changed: 1_700_000_000,
    });
  });

  test.each([
    ['nothing', '', 'it does not begin as an ar archive'],
    ['another format', 'PK\x03\x04 and so on', 'it does not begin as an ar archive'],
    ['no control files', `!<arch>\n${version}${member('data.tar.xz', 'x')}`, 'it has no control.tar'],
    ['no files', `!<arch>\n${version}${member('control.tar.gz', 'x')}`, 'it has no data.tar'],
    [
      'a member that ends behind the file',
      `!<arch>\n${member('control.tar', 'x', '3')}`,
      'no member begins at offset 8',
    ],
    ['a size that is none', `!<arch>\n${member('control.tar', 'x', '-1')}`, 'no member begins at offset 8'],
    ['a header that is cut off', `!<arch>\n${version}data.tar`, 'no member begins at offset 72'],
    ['no bytes of files', `!<arch>\n${version}${member('data.tar', '')}`, 'its data.tar is empty'],
    ['members without end', `!<arch>\n${member('_', '').repeat(100)}`, 'it has no control.tar'],
  ])('are refused: %s', async (_, text, reason) => {
    const file = await archiveOf(text);
    await expect(openPackageArchive(file)).rejects.toMatchObject({
      code: 'PACKAGE_INVALID',
      message: `${file} is not a Debian package: ${reason}`,
    });
  });
});

describe('what is compressed', () => {
  const signal = new AbortController().signal;

  /** A part of what a program makes of some text. */
  async function part(
    name: string,
    compression: CompressedPart['compression'],
    text: string,
    command: readonly string[],
  ): Promise<CompressedPart> {
    const [program = '', ...args] = command;
    const content = execFileSync(program, args, { input: text, maxBuffer: 1 << 26 });
    const file = join(directory, name);
    // Something before and behind: a part is a part of a file.
    await writeFile(file, Buffer.concat([Buffer.from('before'), content, Buffer.from('behind')]));
    return { file, compression, offset: 6, size: content.length };
  }

  async function contents(parts: readonly CompressedPart[]): Promise<string[]> {
    const texts: string[] = [];
    await decompressParts(
      parts,
      async (index, bytes) => {
        const chunks: Buffer[] = [];
        for await (const chunk of bytes) chunks.push(Buffer.from(chunk));
        texts[index] = Buffer.concat(chunks).toString('latin1');
      },
      signal,
    );
    return texts;
  }

  it('comes out part by part, whatever has compressed it, through one xz', async () => {
    const large = 'a line of many\n'.repeat(100_000);
    const parts = [
      await part('a', 'xz', 'one', ['xz', '-c']),
      await part('b', 'gzip', 'two', ['gzip', '-c']),
      await part('c', 'xz', large, ['xz', '-c', '-0', '--block-size=65536']),
      await part('d', 'zstd', 'four', ['zstd', '-c', '-q']),
      await part('e', 'none', 'five', ['cat']),
      await part('f', 'xz', '', ['xz', '-c']),
      await part('g', 'xz', 'seven', ['xz', '-c']),
    ];
    expect(await contents(parts)).toEqual(['one', 'two', large, 'four', 'five', '', 'seven']);
  });

  it('waits for who reads late', async () => {
    const parts = [await part('a', 'xz', 'line\n'.repeat(50_000), ['xz', '-c'])];
    let size = 0;
    await decompressParts(parts, async (_, bytes) => {
      for (let turn = 0; turn < 1000; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
      for await (const chunk of bytes) size += chunk.length;
    });
    expect(size).toBe(250_000);
  });

  it('goes on behind what nobody has read', async () => {
    const parts = [
      await part('a', 'xz', 'unread\n'.repeat(50_000), ['xz', '-c']),
      await part('b', 'xz', 'read', ['xz', '-c']),
    ];
    let last = '';
    await decompressParts(parts, async (index, bytes) => {
      if (index === 1) for await (const chunk of bytes) last += chunk.toString();
    });
    expect(last).toBe('read');
  });

  it('is refused where it is no xz data, or damaged', async () => {
    const good = await part('a', 'xz', 'text', ['xz', '-c']);
    await expect(contents([{ ...good, size: good.size - 4 }])).rejects.toMatchObject({
      code: 'PACKAGE_INVALID',
      message: `${good.file} is damaged: no xz data`,
    });
    const handle = await open(good.file, 'r+');
    await handle.write(Buffer.from([0xff, 0xff]), 0, 2, good.offset + 14);
    await handle.close();
    await expect(contents([good])).rejects.toMatchObject({ code: 'TOOL_FAILED' });
  });

  it('fails as xz does where that fails, and not as a stream that ends too early', async () => {
    const programs = join(directory, 'programs');
    await mkdir(programs);
    await writeFile(join(programs, 'xz'), '#!/bin/sh\necho "xz: out of order" >&2\nexit 3\n', { mode: 0o755 });
    const good = await part('a', 'xz', 'text', ['xz', '-c']);
    const path = process.env.PATH;
    process.env.PATH = `${programs}:${path}`;
    try {
      const reading = decompressParts([good], async (_, bytes) => {
        for await (const _ of bytes);
        throw new Error('the stream ends');
      });
      await expect(reading).rejects.toMatchObject({
        code: 'TOOL_FAILED',
        message:
          'xz --decompress --stdout --threads=1 --memlimit-decompress=268435456: exit status 3\nxz: out of order',
      });
    } finally {
      process.env.PATH = path;
    }
  });

  it('is refused where it would take too much memory', async () => {
    const item = await part('a', 'xz', 'text', ['xz', '-c', '--threads=1']);
    const content = await readFile(item.file);
    // https://tukaani.org/xz/xz-file-format.txt, 3.1: its size, flags, LZMA2 with one byte of properties, a checksum.
    const header = content.subarray(item.offset + 12, item.offset + 24);
    expect(header.subarray(0, 4)).toEqual(Buffer.from([2, 0, 0x21, 1]));
    header[4] = 40;
    header.writeUInt32LE(crc32(header.subarray(0, 8)), 8);
    await writeFile(item.file, content);
    await expect(contents([item])).rejects.toMatchObject({
      code: 'TOOL_FAILED',
      message: expect.stringContaining('Memory usage limit reached') as string,
    });
  });

  it('is refused, and nothing waits for ever, where there is more than the index says', async () => {
    const { file, ...good } = await part('a', 'xz', 'a'.repeat(1 << 20), ['xz', '-c']);
    const content = await readFile(file);
    const size = content.lastIndexOf(Buffer.from([0x80, 0x80, 0x40]));
    await writeFile(file, content.fill(Buffer.from([0x81, 0x80, 0x00]), size, size + 3));
    await expect(contents([{ file, ...good }])).rejects.toMatchObject({
      code: 'PACKAGE_INVALID',
      message: `${file} is damaged: its xz data is longer than its index says`,
    });
  });

  test.each(['none', 'xz'] as const)('is read no further once its reader is stopped: %s', async (compression) => {
    const item = await part(
      'a',
      compression,
      'a'.repeat(1 << 22),
      compression === 'none' ? ['cat'] : ['xz', '-c', '-0'],
    );
    const stop = new AbortController();
    const reason = new Error('stopped');
    const read = async (_: number, bytes: AsyncIterable<Buffer>) => {
      for await (const _ of bytes) stop.abort(reason);
    };
    await expect(decompressParts([item], read, stop.signal)).rejects.toBe(reason);
  });

  it('has the size that xz itself says, of several streams too', async () => {
    await mkdir(join(directory, 'sizes'), { recursive: true });
    const file = join(directory, 'sizes/data.xz');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ size: fc.nat(300_000), block: fc.integer({ min: 4096, max: 100_000 }) }), {
          minLength: 1,
          maxLength: 3,
        }),
        async (streams) => {
          const data = streams.map(({ size, block }) =>
            execFileSync('xz', ['-0', '-c', `--block-size=${block}`], { input: Buffer.alloc(size, 'ab') }),
          );
          await writeFile(file, Buffer.concat(data));
          await using handle = await open(file);
          const total = streams.reduce((sum, { size }) => sum + size, 0);
          expect(await uncompressedXzSize(handle, 0, (await handle.stat()).size)).toBe(total);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('has no size, and nothing is read for ever, where the index is anything', async () => {
    const file = join(directory, 'hostile.xz');
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), fc.nat(20), async (bytes, words) => {
        const footer = Buffer.alloc(12);
        footer.writeUInt32LE(words, 4);
        footer.write('YZ', 10);
        await writeFile(file, Buffer.concat([Buffer.alloc(12), Buffer.from([0]), bytes, footer]));
        await using handle = await open(file);
        const size = await uncompressedXzSize(handle, 0, (await handle.stat()).size);
        expect(size === undefined || size >= 0).toBe(true);
      }),
    );
  });
});
