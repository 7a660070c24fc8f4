import { describe, expect, it } from 'vitest';
import { describeContainer } from '../../../src/flows/image/container.ts';
import { digestOf } from '../../../src/lib/digest.ts';
import type { Image } from '../../../src/oci/image.ts';
import { type Annotations, mediaTypes } from '../../../src/oci/types.ts';

function imageWith(labels: Annotations): Image {
  const descriptor = { mediaType: mediaTypes.manifest, digest: digestOf('manifest'), size: 1 };
  return {
    descriptor,
    manifest: { schemaVersion: 2, mediaType: mediaTypes.manifest, config: descriptor, layers: [] },
    config: {
      architecture: 'amd64',
      os: 'linux',
      config: { Labels: labels },
      rootfs: { type: 'layers', diff_ids: [] },
    },
  };
}

const versionLabel = 'org.opencontainers.image.version';

describe('what a container says of itself', () => {
  it.each(['13.20260101.0', '1.0+build~rc1', '2:1.0-1', 'v1'])('may be the version %s', (version) => {
    expect(describeContainer(imageWith({ [versionLabel]: version })).version).toBe(version);
  });

  it('is its digest where it has no version', () => {
    expect(describeContainer(imageWith({})).version).toBe(digestOf('manifest').slice('sha256:'.length).slice(0, 12));
  });

  const paths = ['../../../etc', '..', '.', '/etc', 'a/b', '', 'a\nb', '.hidden', '\u202e1', 'x'.repeat(129)];
  it.each(paths.flatMap((path) => [versionLabel, 'com.coreos.osname'].map((label) => [label, path] as const)))(
    'names no file elsewhere: %s = %j',
    (label, path) => {
      expect(() => describeContainer(imageWith({ [label]: path }))).toThrow(
        expect.objectContaining({
          code: 'LABEL_INVALID',
          exitStatus: 4,
          message: `the container's label ${label} is ${JSON.stringify(path)}, which cannot be the name of a file`,
        }),
      );
    },
  );
});
