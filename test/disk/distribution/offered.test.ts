import { expect, it } from 'vitest';
import { diskAnnotations } from '../../../src/contract/labels.ts';
import { referringDiskImages } from '../../../src/disk/distribution/offered.ts';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import { digestOf } from '../../../src/lib/digest.ts';
import type { ContentReader } from '../../../src/oci/store.ts';
import { type Descriptor, mediaTypes } from '../../../src/oci/types.ts';
import { verified } from '../../../src/oci/verified.ts';

const artifactType = 'application/vnd.diskimage.qcow2';

/** A place that lists disk images without their annotations, as registries may. */
function placeWith(texts: readonly string[], stored: (text: string) => string) {
  const listed = texts.map((text) => {
    const descriptor = { mediaType: mediaTypes.manifest, digest: digestOf(text), size: Buffer.byteLength(text) };
    return { descriptor: { ...descriptor, artifactType }, text };
  });
  async function* bytes(text: string): AsyncGenerator<Buffer> {
    yield Buffer.from(text);
  }
  return {
    referrers: async () => listed.map(({ descriptor }) => descriptor),
    readBlob: (wanted: Descriptor) => {
      const found = listed.find(({ descriptor }) => descriptor.digest === wanted.digest);
      return verified(bytes(stored(found?.text ?? '')), wanted, 'the place');
    },
  } as unknown as ContentReader;
}

function manifestFor(platform: string): string {
  const blob = { mediaType: artifactType, digest: digestOf(platform), size: platform.length };
  const annotations = { [diskAnnotations.platform]: platform, [diskAnnotations.architecture]: 'amd64' };
  return canonicalJson({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    artifactType,
    config: blob,
    layers: [blob],
    annotations,
  });
}

it('disk images say what they are for where the list does not, and one that cannot be read hides no other', async () => {
  const reader = placeWith([manifestFor('qemu'), manifestFor('aws')], (text) =>
    text.includes('qemu') ? text.replace('amd64', 'amd46') : text,
  );
  const offered = await referringDiskImages(reader, digestOf('container'));
  expect(offered.map(({ platform, architecture }) => [platform, architecture])).toEqual([
    [undefined, undefined],
    ['aws', 'amd64'],
  ]);
});
