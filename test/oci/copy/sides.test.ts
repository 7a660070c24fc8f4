import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf } from '../../../src/lib/digest.ts';
import { CosaError, verificationError } from '../../../src/lib/errors.ts';
import { type CopySide, onSide, readerOnSide, storeOnSide, tellingSides } from '../../../src/oci/copy/sides.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';

const reading: CopySide = { doing: 'reading from', where: 'docker://a.test/os' };
const writing: CopySide = { doing: 'writing to', where: 'oci:/srv/oci' };

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-test-'));
});
afterAll(() => rm(directory, { recursive: true }));

function failing(error: unknown): () => Promise<never> {
  return () => Promise.reject(error);
}

test('an error says on which side it came up, and keeps all else', async () => {
  const error = new CosaError('REGISTRY_DENIED', 'docker://a.test/os: the registry does not let you pull', {
    hint: 'log in: cosa login a.test',
  });
  await expect(tellingSides(() => onSide(reading, failing(error)))).rejects.toMatchObject({
    code: 'REGISTRY_DENIED',
    message: 'reading from docker://a.test/os: the registry does not let you pull',
    hint: 'log in: cosa login a.test',
    exitStatus: 1,
    cause: error,
  });
  expect(error.message).toBe('docker://a.test/os: the registry does not let you pull');
});

test('a message that does not begin with the place follows it whole; the exit status stays', async () => {
  const error = verificationError('BLOB_MISSING', 'blob sha256:0 is missing in oci:/srv/oci');
  await expect(tellingSides(() => onSide(writing, failing(error)))).rejects.toMatchObject({
    code: 'BLOB_MISSING',
    message: 'writing to oci:/srv/oci: blob sha256:0 is missing in oci:/srv/oci',
    exitStatus: 4,
  });
});

test.each([new CosaError('TAG_MOVED', 'of neither side'), new TypeError('a mistake of our own')])(
  'an error of neither side stays the same: %s',
  async (error) => {
    await expect(tellingSides(failing(error))).rejects.toBe(error);
  },
);

test('an error of the system is nobody’s words', async () => {
  const error = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  await expect(tellingSides(() => onSide(writing, failing(error)))).rejects.toBe(error);
});

test('what the source throws is the source’s, though it comes through the destination', async () => {
  await using layout = await openLayoutForWriting(directory);
  const content = Buffer.from('content');
  const descriptor = { mediaType: 'text/plain', digest: digestOf(content), size: content.length };
  const source = readerOnSide(reading, {
    ...layout,
    async *readBlob() {
      yield content.subarray(0, 3);
      throw new CosaError('REGISTRY_INTERRUPTED', 'registry a.test: the connection broke');
    },
  });
  const store = storeOnSide(writing, layout);
  const open = () => source.readBlob(descriptor);
  await expect(tellingSides(() => store.putBlob({ descriptor, open }))).rejects.toMatchObject({
    code: 'REGISTRY_INTERRUPTED',
    message: 'reading from docker://a.test/os: registry a.test: the connection broke',
  });
  await expect(tellingSides(() => store.setTags(['new'], descriptor))).rejects.toMatchObject({
    code: 'BLOB_MISSING',
    message: expect.stringMatching(/^writing to oci:\/srv\/oci: /),
    exitStatus: 4,
  });
});

test('a blob is read into the buffers that are given', async () => {
  await using layout = await openLayoutForWriting(directory);
  const content = Buffer.from('more content');
  const descriptor = { mediaType: 'text/plain', digest: digestOf(content), size: content.length };
  async function* open() {
    yield content;
  }
  await layout.putBlob({ descriptor, open });
  const buffer = Buffer.alloc(1024);
  const buffers = { take: () => buffer, giveBack: () => undefined, restored: () => buffer };
  const pieces: Buffer[] = [];
  for await (const piece of readerOnSide(reading, layout).readBlob(descriptor, undefined, buffers)) pieces.push(piece);
  expect(pieces).toEqual([content]);
  expect(pieces[0]?.buffer).toBe(buffer.buffer);
});
