import fc from 'fast-check';
import { expect, it } from 'vitest';
import { digestOf } from '../../../src/lib/digest.ts';
import { CosaError } from '../../../src/lib/errors.ts';
import { exitStatus } from '../../../src/lib/exit-status.ts';
import type { Image } from '../../../src/oci/image.ts';
import type { ContentReader } from '../../../src/oci/store.ts';
import { type Descriptor, type ImageConfig, type Manifest, mediaTypes } from '../../../src/oci/types.ts';
import { verified } from '../../../src/oci/verified.ts';
import { parseCommit, parseDirtree, parseXattrs } from '../../../src/ostree/unpack/metadata.ts';
import {
  contentEntries,
  metadataEntries,
  oldContentEntries,
  sampleCommit,
  tarOf,
} from '../../helpers/ostree-layers.ts';
import { unpackInMemory } from '../../helpers/unpack-in-memory.ts';

const sample = sampleCommit([
  { path: '/usr/bin/tool', content: 'tool', xattrs: [{ name: 'user.a', value: Buffer.from('b') }] },
  { path: '/usr/bin/link', symlinkTarget: 'tool' },
  { path: '/usr/etc/conf', content: 'x'.repeat(2000) },
]);
const [first, ...others] = sample.objects;
const layer = tarOf([
  ...metadataEntries(sample),
  ...(first === undefined ? [] : oldContentEntries(first)),
  ...others.flatMap(contentEntries),
]);

/** An image of one layer, put together around it, so that no digest gives the damage away. */
function imageOf(bytes: Buffer): { image: Image; reader: ContentReader } {
  const digest = digestOf(bytes);
  const descriptor: Descriptor = { mediaType: mediaTypes.layer, digest, size: bytes.length };
  const config: ImageConfig = {
    architecture: 'amd64',
    os: 'linux',
    config: { Labels: { 'ostree.commit': sample.commit.checksum } },
    rootfs: { type: 'layers', diff_ids: [digest] },
  };
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: descriptor,
    layers: [descriptor],
  };
  async function* chunks() {
    yield bytes;
  }
  const reader: ContentReader = {
    readBlob: (blob) => verified(chunks(), blob, 'memory'),
    hasBlob: async () => true,
    resolveTag: async () => undefined,
    resolveDigest: async () => undefined,
    tagNames: async () => [],
    listTags: async () => new Map(),
    referrers: async () => [],
    untagged: async () => [],
  };
  return { image: { descriptor, manifest, config }, reader };
}

/** Anything but the right commit or a verification error fails the test. */
async function unpackOrRefuse(bytes: Buffer): Promise<void> {
  const { image, reader } = imageOf(bytes);
  try {
    const { contents } = await unpackInMemory(reader, image);
    expect(contents.map(({ checksum }) => checksum)).toEqual(sample.objects.map(({ checksum }) => checksum));
  } catch (error) {
    if (!(error instanceof CosaError) || error.exitStatus !== exitStatus.verification) throw error;
  }
}

it('unpacks the whole commit or nothing, whatever happened to a layer', async () => {
  await unpackOrRefuse(layer);
  const damage = fc.record({
    at: fc.nat(layer.length - 1),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
    cut: fc.option(fc.nat(layer.length), { freq: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(damage, async ({ at, bytes, cut }) => {
      const damaged = Buffer.from(layer);
      damaged.set(bytes.subarray(0, layer.length - at), at);
      await unpackOrRefuse(damaged.subarray(0, cut ?? undefined));
    }),
    { numRuns: 60 },
  );
});

it.each([
  ['commits', parseCommit, sample.commit.bytes],
  ['dirtrees', parseDirtree, sample.metadata.find(({ kind }) => kind === 'dirtree')?.bytes ?? Buffer.alloc(0)],
  ['xattrs', parseXattrs, Buffer.from('user.a\0b\x07\x09')],
] as const)('reads %s or says what is wrong', (_name, read, good) => {
  read(Buffer.from(good), 'it');
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, value]) => Uint8Array.from(good).fill(value, at, at + 1)),
  );
  fc.assert(
    fc.property(bytes, (input) => {
      try {
        read(Buffer.from(input), 'it');
      } catch (error) {
        if (!(error instanceof CosaError)) throw error;
        expect(error.code).toBe('OBJECT_INVALID');
      }
    }),
    { numRuns: 500 },
  );
});
