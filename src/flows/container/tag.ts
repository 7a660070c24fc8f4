import { openReference } from '../../oci/open.ts';
import type { Descriptor } from '../../oci/types.ts';
import { directoryFor } from '../../workspace/place.ts';
import type { Session } from '../../workspace/session.ts';

export interface TaggedContainer {
  /** Where the tags are: a reference without one. */
  place: string;
  descriptor: Descriptor;
}

/**
 * Points tags of a container's place at it: of the work directory's `oci/`, of a registry's repository.
 * @throws CosaError `TAG_INVALID` (exit 2), what `openReference` throws
 */
export async function tagContainer(
  session: Session,
  directory: string,
  name: string,
  tags: readonly string[],
): Promise<TaggedContainer> {
  const work = await directoryFor(directory, name);
  const { place, descriptor } = await openReference(name, work.root, session.registries);
  await using store = await place.openForWriting(session.registries);
  await store.setTags(tags, descriptor);
  return { place: place.format(), descriptor };
}
