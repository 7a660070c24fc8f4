import type { Place } from '../../oci/place.ts';
import { type FoundContainer, newestFirst, readContents } from '../../workspace/containers/contents.ts';
import type { ListedOther } from '../../workspace/containers/other-content.ts';
import { type ContainerSummary, summarize } from '../../workspace/containers/summary.ts';
import type { TestStatus } from '../../workspace/containers/test-status.ts';
import { requireContents } from '../../workspace/place.ts';
import type { Session } from '../../workspace/session.ts';

export interface ListedContainer extends ContainerSummary, Omit<FoundContainer, 'image' | 'tests'> {
  tests: readonly TestStatus[];
  /** Results that do not count: malformed, missing, from the future. */
  unusableTests: number;
}

export interface ListedPlace {
  /** Newest first. */
  containers: readonly ListedContainer[];
  /** What is there besides, and what cannot be read. */
  others: readonly ListedOther[];
}

/**
 * Everything in a place: its containers, and by name what is none.
 * @throws CosaError `REPOSITORY_MISSING` (exit 2), what `Place.open` and `readContents` throw
 */
export async function listContainers(session: Session, place: Place): Promise<ListedPlace> {
  const reader = await place.open(session.registries);
  await requireContents(reader, place);
  const { containers, others } = await readContents(reader, session.signal);
  const listed = containers.map(
    ({ image, tags, tests, signed, remarks }): ListedContainer => ({
      ...summarize(image),
      tags,
      tests: tests.statuses,
      unusableTests: tests.unusable.length,
      signed,
      remarks,
    }),
  );
  return { containers: listed.sort(newestFirst), others };
}
