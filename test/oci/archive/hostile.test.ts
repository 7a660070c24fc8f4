import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestHex, digestOf } from '../../../src/lib/digest.ts';
import { CosaError } from '../../../src/lib/errors.ts';
import { exitStatus } from '../../../src/lib/exit-status.ts';
import type { TarEntryType } from '../../../src/lib/tar/types.ts';
import { encodeEntry, endOfArchive, padding } from '../../../src/lib/tar/writer.ts';
import { openArchive, openArchiveForWriting } from '../../../src/oci/archive.ts';
import { collect, storeImage } from '../../helpers/image.ts';

let directory: string;
let file: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-archive-'));
  file = join(directory, 'os.tar');
});

afterAll(() => rm(directory, { recursive: true, force: true }));

interface Entry {
  path: string;
  text?: string | Buffer;
  type?: TarEntryType;
  linkTarget?: string;
  /** What the header says; the content's unless told. */
  size?: number;
}

function entry({ path, text = '', type = 'file', linkTarget = '', size }: Entry): Buffer {
  const content = Buffer.from(text);
  const header = {
    type,
    path,
    linkTarget,
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: size ?? content.length,
    mtime: 0,
    xattrs: [],
  };
  return Buffer.concat([encodeEntry(header), content, padding(content.length)]);
}

function tar(...entries: Entry[]): Buffer {
  return Buffer.concat([...entries.map(entry), endOfArchive]);
}

const layoutFile: Entry = { path: 'oci-layout', text: '{"imageLayoutVersion":"1.0.0"}' };
const index: Entry = { path: 'index.json', text: '{"schemaVersion":2,"manifests":[]}' };

describe('a file that is no archive of a layout', () => {
  const cases: [what: string, content: Buffer, code: string, status: number, message: string, hint?: string][] = [
    [
      'nothing',
      Buffer.alloc(0),
      'ARCHIVE_INVALID',
      4,
      'FILE cannot be read: tar: the stream ends at offset 0, before the end-of-archive marker',
    ],
    [
      'text',
      Buffer.alloc(2048, 'text '),
      'ARCHIVE_INVALID',
      4,
      'FILE cannot be read: tar: the header at offset 0 has no valid checksum',
    ],
    [
      'gzip',
      gzipSync(tar(layoutFile, index)),
      'ARCHIVE_COMPRESSED',
      2,
      'FILE is compressed with gzip: blobs cannot be found in it',
      'decompress it: gunzip --keep FILE',
    ],
    [
      'zstd',
      Buffer.from('28b52ffd00000000', 'hex'),
      'ARCHIVE_COMPRESSED',
      2,
      'FILE is compressed with zstd: blobs cannot be found in it',
      'decompress it: unzstd --keep FILE',
    ],
    [
      'an archive of something else',
      tar({ path: 'README', text: 'hello' }),
      'ARCHIVE_INVALID',
      4,
      'FILE is no archive of an OCI layout: it has no file "oci-layout"',
      'name a file that cosa copy, skopeo or podman save --format oci-archive wrote',
    ],
    [
      'one of docker save',
      tar({ path: 'manifest.json', text: '[]' }),
      'ARCHIVE_INVALID',
      4,
      'FILE is no archive of an OCI layout: it has no file "oci-layout"',
      'it looks like one of "docker save"; make one with: podman save --format oci-archive',
    ],
    [
      'a link in the place of oci-layout',
      tar({ path: 'oci-layout', type: 'symlink', linkTarget: '/etc/passwd' }, index),
      'ARCHIVE_INVALID',
      4,
      'FILE is no archive of an OCI layout: it has no file "oci-layout"',
    ],
    [
      'another version',
      tar({ path: 'oci-layout', text: '{"imageLayoutVersion":"9"}' }, index),
      'LAYOUT_INVALID',
      4,
      'oci-layout in FILE: imageLayoutVersion: Invalid input: expected "1.0.0"',
    ],
    [
      'an index that is none',
      tar(layoutFile, { path: 'index.json', text: '[]' }),
      'INDEX_INVALID',
      4,
      'index.json in FILE: the document: Invalid input: expected object, received array',
    ],
    [
      'an index that is huge',
      tar(layoutFile, { path: 'index.json', text: ' '.repeat(33 * 1024 * 1024) }),
      'ARCHIVE_INVALID',
      4,
      'FILE cannot be read: tar: "index.json" at offset 1536 is larger than 33554432 bytes',
    ],
    [
      'cut off in a blob',
      Buffer.concat([entry(layoutFile), entry({ path: `blobs/sha256/${'a'.repeat(64)}`, size: 1e15 })]),
      'ARCHIVE_INVALID',
      4,
      `FILE cannot be read: tar: the stream ends at offset 1536, within "blobs/sha256/${'a'.repeat(64)}"`,
    ],
  ];
  it.each(cases)('%s', async (_, content, code, status, message, hint) => {
    await writeFile(file, content);
    const named = (text: string) => text.replaceAll('FILE', file);
    const expected = { code, exitStatus: status, message: named(message), ...(hint && { hint: named(hint) }) };
    await expect(openArchive(file)).rejects.toMatchObject(expected);
    // Nobody overwrites what is something else.
    await expect(openArchiveForWriting(file)).rejects.toMatchObject(expected);
  });

  it('has too many entries', async () => {
    const one = entry({ path: 'x' });
    await writeFile(file, Buffer.concat([...Array.from({ length: 200_001 }, () => one), endOfArchive]));
    await expect(openArchive(file)).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      message: `${file} cannot be read: it has more than 200000 entries`,
    });
    // As many headers are read one by one, which takes seconds where nothing else runs.
  }, 120_000);

  it('is a directory or a device', async () => {
    await expect(openArchive(directory)).rejects.toMatchObject({ code: 'BLOB_NOT_A_FILE' });
    await expect(openArchive('/dev/zero')).rejects.toMatchObject({ code: 'BLOB_NOT_A_FILE' });
  });
});

describe('an archive with blobs that are not what they should be', () => {
  const content = Buffer.from('content');
  const blob = { mediaType: 'x', digest: digestOf(content), size: content.length };
  const path = `blobs/sha256/${digestHex(blob.digest)}`;

  async function read(...entries: Entry[]): Promise<Buffer> {
    await writeFile(file, tar(layoutFile, ...entries, index));
    return collect((await openArchive(file)).readBlob(blob));
  }

  it('gives the bytes alone that match', async () => {
    expect(await read({ path, text: content })).toEqual(content);
    await expect(read()).rejects.toMatchObject({ code: 'BLOB_MISSING' });
    await expect(read({ path, text: 'CONTENT' })).rejects.toMatchObject({
      code: 'BLOB_DIGEST_MISMATCH',
      exitStatus: 4,
    });
    await expect(read({ path, text: 'more content' })).rejects.toMatchObject({ code: 'BLOB_SIZE_MISMATCH' });
  });

  it('knows blobs by the one path that they have', async () => {
    for (const other of [`/${path}`, `../${path}`, `blobs/../${path}`, `${path}/`, `blobs/sha512/${'a'.repeat(64)}`]) {
      await expect(read({ path: other, text: content })).rejects.toMatchObject({ code: 'BLOB_MISSING' });
    }
    await expect(read({ path, type: 'symlink', linkTarget: '/etc/passwd' })).rejects.toMatchObject({
      code: 'BLOB_MISSING',
    });
    expect(await read({ path: `./${path}`, text: content })).toEqual(content);
  });

  it('takes the later of two with one name, as tar does', async () => {
    expect(await read({ path, text: 'CONTENT' }, { path, text: content })).toEqual(content);
  });

  it('notices that it got shorter while it was read', async () => {
    await writeFile(file, tar(layoutFile, index, { path, text: content }));
    const reader = await openArchive(file);
    await truncate(file, 2048);
    await expect(collect(reader.readBlob(blob))).rejects.toMatchObject({ exitStatus: exitStatus.verification });
  });
});

it('whatever bytes of an archive are damaged, the error says so or the bytes did not matter', async () => {
  const sound = join(directory, 'sound.tar');
  const text = 'a layer';
  const layer = { mediaType: 'x', digest: digestOf(text), size: text.length };
  {
    await using store = await openArchiveForWriting(sound);
    await store.setTags(['1'], await storeImage(store, [Buffer.from(text)]));
  }
  const bytes = await readFile(sound);
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (position, change) => {
      const damaged = Buffer.from(bytes);
      damaged[position] = (damaged[position] ?? 0) ^ change;
      await writeFile(file, damaged);
      try {
        const reader = await openArchive(file);
        expect((await collect(reader.readBlob(layer))).toString()).toBe(text);
      } catch (error) {
        if (!(error instanceof CosaError)) throw error;
        expect(error.exitStatus).not.toBe(exitStatus.failed);
      }
    }),
    { numRuns: 200 },
  );
});

describe('a blob that is a link', () => {
  const content = Buffer.from('the blob');
  const digest = digestOf(content);
  const name = `blobs/sha256/${digestHex(digest)}`;
  const descriptor = { mediaType: 'application/octet-stream', digest, size: content.length };

  it.each(['layer.tar', './layer.tar'])('to a member before it is that member: %s', async (linkTarget) => {
    const member: Entry = { path: 'layer.tar', text: content };
    await writeFile(file, tar(layoutFile, member, { path: `./${name}`, type: 'hardlink', linkTarget }, index));
    const reader = await openArchive(file);
    expect(await collect(reader.readBlob(descriptor))).toEqual(content);
  });

  it('to nothing before it is missing', async () => {
    await writeFile(file, tar(layoutFile, { path: name, type: 'hardlink', linkTarget: 'nowhere' }, index));
    const reader = await openArchive(file);
    await expect(collect(reader.readBlob(descriptor))).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  });

  it('and a symbolic one is named as such', async () => {
    await writeFile(file, tar(layoutFile, { path: name, type: 'symlink', linkTarget: '../../x' }, index));
    const reader = await openArchive(file);
    await expect(collect(reader.readBlob(descriptor))).rejects.toMatchObject({
      code: 'BLOB_MISSING',
      message: `blob ${digest} is a symbolic link, to "../../x", in ${file}`,
      hint: 'get or make the archive again; tar writes files for links with --dereference',
    });
  });
});
