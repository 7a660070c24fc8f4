import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { diskImageManifest, recordMediaType } from '../../../src/disk/distribution/manifest.ts';
import { diskImagesIn } from '../../../src/disk/distribution/offered.ts';
import { readDiskImage } from '../../../src/disk/distribution/read.ts';
import { type DiskImageRecord, formatRecord } from '../../../src/disk/record.ts';
import { canonicalJson, type Json } from '../../../src/lib/canonical-json.ts';
import { digestOf } from '../../../src/lib/digest.ts';
import { CosaError } from '../../../src/lib/errors.ts';
import { storeBytes } from '../../../src/oci/artifact.ts';
import { openLayoutForWriting } from '../../../src/oci/layout.ts';
import type { LocalStore } from '../../../src/oci/store.ts';
import { type Descriptor, mediaTypes } from '../../../src/oci/types.ts';
import { diskImageRecord } from '../../helpers/disk-image.ts';

let directory: string;
let store: LocalStore & AsyncDisposable;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-disk-image-'));
  store = await openLayoutForWriting(directory);
});
afterEach(async () => {
  await store[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const container = digestOf('a container');
const other = digestOf('another');
const subject: Descriptor = { mediaType: mediaTypes.manifest, digest: container, size: 11 };
const sound = diskImageRecord(container, 'a disk');

interface Document {
  artifactType?: string;
  config: object;
  layers: { digest: string; size: number; annotations?: Record<string, string> }[];
  subject?: object;
}

/** Stores a disk image of which something is not as it should be. */
async function storeDiskImage(
  change: (document: Document) => void = () => undefined,
  record: DiskImageRecord | string = sound,
  listed: Partial<Descriptor> = {},
) {
  const recordText = typeof record === 'string' ? record : formatRecord(record);
  const made = diskImageManifest(typeof record === 'string' ? sound : record, recordText, subject);
  await storeBytes(store, Buffer.from(recordText), recordMediaType);
  const document = JSON.parse(made.text) as Document;
  change(document);
  const text = canonicalJson(document as unknown as Json);
  const descriptor = await store.putManifest(text, mediaTypes.manifest, { artifactType: document.artifactType ?? '' });
  const [offered] = diskImagesIn([{ ...descriptor, artifactType: made.descriptor.artifactType, ...listed }]);
  if (offered === undefined) throw new Error('not listed as a disk image');
  return { offered, what: `disk image ${descriptor.digest}` };
}

it('gives what was stored', async () => {
  const { offered } = await storeDiskImage();
  expect(await readDiskImage(store, offered)).toMatchObject({
    platform: 'qemu',
    architecture: 'amd64',
    format: 'qcow2',
    subject: { digest: container },
    files: [{ role: 'disk', name: 'example-13.1-qemu.x86_64.qcow2', blob: { digest: digestOf('a disk'), size: 6 } }],
    record: { value: sound, text: formatRecord(sound) },
  });
});

it('takes one without a record from other programs, by the title of its only layer', async () => {
  const { offered } = await storeDiskImage((document) => {
    document.config = { mediaType: mediaTypes.empty, digest: digestOf('{}'), size: 2 };
  });
  expect(await readDiskImage(store, offered)).toMatchObject({ record: undefined, files: [{ role: 'disk' }] });
});

const file = sound.files[0] as DiskImageRecord['files'][number];

describe('refuses', () => {
  it.each<{
    what: string;
    change?: (document: Document) => void;
    record?: DiskImageRecord | string;
    listed?: Partial<Descriptor>;
    message: string;
  }>([
    {
      what: 'something that is no disk image',
      change: (document) => {
        document.artifactType = 'text/plain';
      },
      message: 'its manifest is of type text/plain',
    },
    {
      what: 'another format than is listed',
      listed: { artifactType: 'application/vnd.diskimage.raw' },
      message: 'it is listed with the format "raw", and is of "qcow2"',
    },
    {
      what: 'another platform than is listed',
      listed: { platform: { os: 'metal', architecture: 'amd64' } },
      message: 'it is listed with the platform "metal", and is of "qemu"',
    },
    {
      what: 'another architecture than is listed',
      listed: { platform: { os: 'qemu', architecture: 'arm64' } },
      message: 'it is listed with the architecture "arm64", and is of "amd64"',
    },
    {
      what: 'the record of another container',
      record: diskImageRecord(other, 'a disk'),
      message: `its record is of container ${other}, and it refers to ${container}`,
    },
    {
      what: 'no container',
      change: (document) => {
        delete document.subject;
      },
      message: `its record is of container ${container}, and it refers to none`,
    },
    {
      what: 'other bytes than the record says',
      change: ({ layers: [layer] }) => {
        if (layer !== undefined) layer.digest = other;
      },
      message: `layer 1 is ${other}, and its record says ${digestOf('a disk')}`,
    },
    {
      what: 'another size than the record says',
      change: ({ layers: [layer] }) => {
        if (layer !== undefined) layer.size = 2 ** 40;
      },
      message: `layer 1 has ${2 ** 40} bytes, and its record says 6`,
    },
    {
      what: 'another name than the record says',
      change: ({ layers: [layer] }) => {
        if (layer !== undefined) layer.annotations = { 'org.opencontainers.image.title': 'other.qcow2' };
      },
      message: `layer 1 is other.qcow2, and its record says ${file.name}`,
    },
    {
      what: 'a title that leads elsewhere',
      change: ({ layers: [layer] }) => {
        if (layer !== undefined) layer.annotations = { 'org.opencontainers.image.title': '../../etc/passwd' };
      },
      message: 'layer 1: "../../etc/passwd" is not the name of a file',
    },
    {
      what: 'a title that is hidden',
      change: ({ layers: [layer] }) => {
        if (layer !== undefined) layer.annotations = { 'org.opencontainers.image.title': '.bashrc' };
      },
      message: 'layer 1: ".bashrc" is not the name of a file',
    },
    {
      what: 'no title',
      change: ({ layers: [layer] }) => {
        if (layer !== undefined) delete layer.annotations;
      },
      message: 'layer 1 has no title to name its file by',
    },
    {
      what: 'more layers than the record names files',
      change: ({ layers }) => {
        layers.push({ ...layers[0], digest: other, size: 1, annotations: { 'org.opencontainers.image.title': 'b' } });
      },
      message: 'its record names 1 file, and it has 2 layers',
    },
    {
      what: 'several layers and no record',
      change: (document) => {
        document.config = { mediaType: mediaTypes.empty, digest: digestOf('{}'), size: 2 };
        document.layers.push({ ...document.layers[0], digest: other, size: 1 });
      },
      message: 'it has 2 layers, and no record that says what they are',
    },
    {
      what: 'a file that would be its own record',
      record: { ...sound, files: [file, { ...file, role: 'kernel', name: `${file.name}.json` }] },
      message: `two of its files would be called ${file.name}.json`,
    },
    {
      what: 'a version that leads elsewhere',
      record: { ...sound, version: '../..' },
      message: 'its version "../.." cannot be part of a file name',
    },
  ])('$what', async ({ change, record, listed, message }) => {
    const { offered, what } = await storeDiskImage(change, record, listed);
    await expect(readDiskImage(store, offered)).rejects.toMatchObject({
      code: 'DISK_IMAGE_INVALID',
      exitStatus: 4,
      message: `${what}: ${message}`,
    });
  });

  it.each([
    ['no JSON', '{', 'is not JSON'],
    ['a path for a name', formatRecord({ ...sound, files: [{ ...file, name: 'a/b' }] }), 'files.0.name: Invalid input'],
    ['no files', formatRecord({ ...sound, files: [] }), 'files: Too small: expected array to have >=1 items'],
  ])('a record with %s', async (_what, text, reason) => {
    const { offered, what } = await storeDiskImage(undefined, text);
    await expect(readDiskImage(store, offered)).rejects.toMatchObject({
      code: 'DISK_IMAGE_INVALID',
      message: `record ${digestOf(text)} of ${what}: ${reason}`,
    });
  });

  it('a record that is far too large, unread', async () => {
    const { offered } = await storeDiskImage((document) => {
      document.config = { mediaType: recordMediaType, digest: other, size: 2 ** 30 };
    });
    await expect(readDiskImage(store, offered)).rejects.toMatchObject({ code: 'BLOB_TOO_LARGE', exitStatus: 4 });
  });

  it('whatever else stands in a record, with an error of ours', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 4 }), async (text) => {
        const { offered } = await storeDiskImage(undefined, text);
        const error: unknown = await readDiskImage(store, offered).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(CosaError);
        expect(error).toMatchObject({ code: 'DISK_IMAGE_INVALID' });
      }),
      { numRuns: 50 },
    );
  });
});
