import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { CosaError } from '../../../src/lib/errors.ts';
import { tag } from '../../../src/packages/rpm/header/tags.ts';
import { fullVersion, readRpmHeader, sourceName } from '../../../src/packages/rpm/header.ts';
import { encodeHeader, encodeRpm, type TestValue } from './header-writer.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-test-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function packageOf(bytes: Buffer): Promise<string> {
  const file = join(directory, 'package.rpm');
  await writeFile(file, bytes);
  return file;
}

const text = (...values: string[]): TestValue => ({ type: 'text', values });
const texts = (...values: string[]): TestValue => ({ type: 'texts', values });
const numbers = (...values: number[]): TestValue => ({ type: 'int32', values });

const plain: Readonly<Record<number, TestValue>> = {
  [tag.name]: text('bash'),
  [tag.version]: text('5.2.37'),
  [tag.release]: text('1.fc42'),
  [tag.size]: numbers(8_000_000),
  [tag.architecture]: text('x86_64'),
  [tag.sourceRpm]: text('bash-5.2.37-1.fc42.src.rpm'),
};

function header(change: Readonly<Record<number, TestValue | undefined>> = {}): Buffer {
  const values = Object.entries({ ...plain, ...change });
  return encodeHeader(values.flatMap(([number, value]) => (value === undefined ? [] : [[Number(number), value]])));
}

describe("a package file's header", () => {
  it('has what the package is, where its payload begins, and a checksum', async () => {
    const change = {
      [tag.epoch]: numbers(2),
      [tag.changelogTimes]: numbers(1_700_000_000, 1_800_000_000),
      [tag.payloadCompressor]: text('zstd'),
      [tag.requireNames]: texts('/bin/sh', 'libc.so.6()(64bit)'),
      [tag.requireFlags]: numbers(0x500, 8),
      [tag.requireVersions]: texts('', '2.34'),
    };
    const bytes = encodeRpm(header(change), Buffer.from('payload'));
    const read = await readRpmHeader(await packageOf(bytes));
    expect(read).toMatchObject({
      name: 'bash',
      epoch: 2,
      version: '5.2.37',
      release: '1.fc42',
      architecture: 'x86_64',
      sourceRpm: 'bash-5.2.37-1.fc42.src.rpm',
      size: 8_000_000,
      changed: 1_800_000_000,
      payloadFormat: 'cpio',
      payloadCompressor: 'zstd',
      payloadOffset: bytes.length - 7,
      requires: [
        { name: '/bin/sh', flags: 0x500, version: '' },
        { name: 'libc.so.6()(64bit)', flags: 8, version: '2.34' },
      ],
      provides: [],
    });
    expect(read.headerSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(fullVersion(read)).toBe('2:5.2.37-1.fc42');
    expect(sourceName(read)).toBe('bash');
  });

  it('counts installed bytes beyond 32 bits', async () => {
    const change = { [tag.size]: undefined, [tag.longSize]: { type: 'int64', values: [2 ** 40] } as const };
    expect(await readRpmHeader(await packageOf(encodeRpm(header(change))))).toMatchObject({ size: 2 ** 40 });
  });

  it('tells a source package by its lack of one', async () => {
    const read = await readRpmHeader(await packageOf(encodeRpm(header({ [tag.sourceRpm]: undefined }))));
    expect(read.sourceRpm).toBeUndefined();
    expect(sourceName(read)).toBe('bash');
    expect(fullVersion({ ...read, epoch: 0 })).toBe('5.2.37-1.fc42');
  });

  const good = encodeRpm(header());

  function changed(at: number, ...bytes: number[]): Buffer {
    const copy = Buffer.from(good);
    copy.set(bytes, at);
    return copy;
  }

  test.each([
    ['nothing', Buffer.alloc(0), 'it is cut off'],
    ['another format', Buffer.from('!<arch>\n'.padEnd(200)), 'it does not begin as one'],
    ['no signatures', changed(96, 0), 'no header is at offset 96'],
    [
      'endless signatures',
      changed(96 + 12, 0xff, 0xff, 0xff, 0xff),
      'a header has 4294967295 bytes, more than 67108864',
    ],
    ['signatures longer than the file', changed(96 + 12, 0, 1, 0, 0), 'it is cut off'],
    ['no header', changed(96 + 16 + 16 + 72, 0), 'no header is at offset 200'],
    ['a header that is cut off', good.subarray(0, -1), 'it is cut off'],
    ['a changed byte', changed(good.length - 2, 0x2f), 'its header is damaged'],
    ['no name', encodeRpm(header({ [tag.name]: undefined })), 'it has no name'],
    ['a name that is a path', encodeRpm(header({ [tag.name]: text('../x') })), '"../x" is no name'],
    ['a name that is an option', encodeRpm(header({ [tag.name]: text('--root=x') })), '"--root=x" is no name'],
    ['a version that is a program', encodeRpm(header({ [tag.version]: text('1;reboot') })), '"1;reboot" is no version'],
    ['no release', encodeRpm(header({ [tag.release]: text('') })), '"" is no release'],
    [
      'an architecture of several words',
      encodeRpm(header({ [tag.architecture]: text('a b') })),
      '"a b" is no architecture',
    ],
    ['a name of numbers', encodeRpm(header({ [tag.name]: numbers(1) })), 'value 1000 is numbers, not text'],
    [
      'a dependency without a version',
      encodeRpm(header({ [tag.requireNames]: texts('a\u001b[2J'), [tag.requireFlags]: numbers(0) })),
      'it requires "a\\x1b[2J" incompletely',
    ],
  ])('is refused: %s', async (_, bytes, reason) => {
    const file = await packageOf(bytes);
    await expect(readRpmHeader(file)).rejects.toMatchObject({
      code: 'PACKAGE_INVALID',
      exitStatus: 1,
      message: `${file} is not an rpm package: ${reason}`,
    });
  });

  it('is read or refused, whatever the bytes are', async () => {
    const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(changes, fc.nat(good.length), async (given, length) => {
        const bytes = Buffer.from(good.subarray(0, length % 2 === 0 ? length : good.length));
        for (const [at, byte] of given) if (at < bytes.length) bytes[at] = byte;
        await readRpmHeader(await packageOf(bytes)).catch((error: unknown) => {
          expect(error).toBeInstanceOf(CosaError);
          expect(error).toMatchObject({ code: 'PACKAGE_INVALID' });
        });
      }),
      { numRuns: 200 },
    );
  });

  it('is read no further once that is not wanted any more', async () => {
    const reason = new Error('stopped');
    await expect(readRpmHeader(await packageOf(good), AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});
