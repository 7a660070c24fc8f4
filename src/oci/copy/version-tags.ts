import { labelNames } from '../../contract/labels.ts';
import type { Digest } from '../../lib/digest.ts';
import { verificationError } from '../../lib/errors.ts';
import { attempt } from '../attempt.ts';
import { imageEntries, readIndex, readManifestOrIndex } from '../image.ts';
import type { Place } from '../place.ts';
import type { ContentReader } from '../store.ts';
import { type Descriptor, mediaTypes } from '../types.ts';

interface VersionMove {
  from: { reader: ContentReader; descriptor: Descriptor };
  to: { place: Place; reader: ContentReader };
}

/**
 * Makes sure that no version becomes another container: what was tested, released and noted under a number stays
 * under it. A version's tag is one that the new image, or the one it points to, calls its version. It may move to an
 * index that holds what it points to now, or all images of that.
 * @param moving the tags that are to move, with what they point to
 * @returns where each version's tag must still be when it is set
 * @throws CosaError `TAG_MOVED` (exit 4)
 */
export async function keepVersions(
  { from, to }: VersionMove,
  moving: ReadonlyMap<string, Descriptor | undefined>,
): Promise<ReadonlyMap<string, Digest | undefined>> {
  const expected = new Map<string, Digest | undefined>();
  if (moving.size === 0) return expected;
  const version = await versionIn(from.reader, from.descriptor);
  for (const [tag, now] of moving) {
    if (tag !== version && (now === undefined || tag !== (await versionIn(to.reader, now)))) continue;
    if (now !== undefined && !(await holds(from, to.reader, now))) {
      throw verificationError(
        'TAG_MOVED',
        `${to.place.format({ tag })} is another container, ${now.digest}: a version is given once`,
        { hint: 'build it anew under a version of its own, or replace the other with --force' },
      );
    }
    expected.set(tag, now?.digest);
  }
  return expected;
}

async function versionIn(reader: ContentReader, descriptor: Descriptor): Promise<string | undefined> {
  // Something else than an image, or lost: it has no version.
  const { value } = await attempt(() => readManifestOrIndex(reader, descriptor));
  return value?.annotations?.[labelNames.version];
}

async function holds(
  { reader, descriptor }: VersionMove['from'],
  there: ContentReader,
  now: Descriptor,
): Promise<boolean> {
  if (descriptor.mediaType !== mediaTypes.index) return false;
  const held = new Set((await readIndex(reader, descriptor)).manifests.map(({ digest }) => digest));
  const { value: images = [now] } = await attempt(() => imageEntries(there, now));
  return images.length > 0 && images.every(({ digest }) => held.has(digest));
}
