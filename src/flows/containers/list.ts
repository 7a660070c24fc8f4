import type { Digest } from '../../lib/digest.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { openPlace } from '../../oci/open.ts';
import type { Place } from '../../oci/place.ts';
import type { ContentReader } from '../../oci/store.ts';
import type { Descriptor } from '../../oci/types.ts';
import type { Session } from '../session.ts';
import { imageManifests, imagesAtOnce, imageTags, readIfImage } from './images.ts';
import { type ContainerSummary, summarize } from './summary.ts';
import { type TestStatus, testStatuses } from './test-status.ts';

export interface ListedContainer extends ContainerSummary {
  /** Sorted; those of an index that holds the container among them. */
  tags: readonly string[];
  tests: readonly TestStatus[];
  /** Results that do not count: malformed, missing, from the future. */
  unusableTests: number;
}

/**
 * Every tagged container of a place, newest first. What is tagged and no container image is left out.
 * @throws CosaError what `openPlace` and `readImage` throw
 */
export async function listContainers(session: Session, place: Place): Promise<ListedContainer[]> {
  const reader = await openPlace(place, session.registries);
  const images = await taggedImages(reader);
  const listed = await mapParallel(
    [...images.values()],
    async ({ descriptor, tags }): Promise<ListedContainer[]> => {
      const image = await readIfImage(reader, descriptor);
      if (image === undefined) return [];
      const { statuses, unusable } = await testStatuses(reader, descriptor.digest);
      return [{ ...summarize(image), tags, tests: statuses, unusableTests: unusable.length }];
    },
    imagesAtOnce,
  );
  return listed.flat().sort(newestFirst);
}

async function taggedImages(reader: ContentReader) {
  const images = new Map<Digest, { descriptor: Descriptor; tags: string[] }>();
  for (const [tag, tagged] of await imageTags(reader)) {
    for (const descriptor of await imageManifests(reader, tagged)) {
      const entry = images.get(descriptor.digest) ?? { descriptor, tags: [] };
      entry.tags.push(tag);
      images.set(descriptor.digest, entry);
    }
  }
  return images;
}

/** By date, which for builds of one config is also the order of versions; then by version, to be definite. */
export function newestFirst(a: ContainerSummary, b: ContainerSummary): number {
  const order = compare(b.created ?? '', a.created ?? '');
  return order === 0 ? compareNumbers(b.version ?? '', a.version ?? '') : order;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `41.10` is newer than `41.9`. */
function compareNumbers(a: string, b: string): number {
  return new Intl.Collator('en', { numeric: true }).compare(a, b) || compare(a, b);
}
