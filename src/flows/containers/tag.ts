import { usageError } from '../../lib/errors.ts';
import { openLayoutForWriting } from '../../oci/layout.ts';
import { openReference } from '../../oci/open.ts';
import { isSamePlace } from '../../oci/place.ts';
import type { Descriptor } from '../../oci/types.ts';
import type { Session } from '../session.ts';
import type { WorkDirectory } from '../work-directory.ts';

/**
 * Points tags of a work directory's `oci/` at one of its containers.
 * @throws CosaError `REFERENCE_ELSEWHERE`, `TAG_INVALID` (exit 2), what `openReference` throws
 */
export async function tagContainer(
  session: Session,
  work: WorkDirectory,
  name: string,
  tags: readonly string[],
): Promise<Descriptor> {
  const { descriptor } = await openOwn(session, work, name);
  await using store = await openLayoutForWriting(work.oci);
  await store.setTags(tags, descriptor);
  return descriptor;
}

/**
 * Opens a reference that must lie in the work directory's own `oci/`.
 * @throws CosaError `REFERENCE_ELSEWHERE` (exit 2), what `openReference` throws
 */
export async function openOwn(session: Session, work: WorkDirectory, name: string) {
  const reference = await openReference(name, work.root, session.registries);
  if (isSamePlace(reference.place, { transport: 'oci', directory: work.oci })) return reference;
  throw usageError('REFERENCE_ELSEWHERE', `${name} is not in ${work.oci}: a tag points to what lies beside it`, {
    hint: `copy it first: skopeo copy ${name} oci:${work.oci}:TAG`,
  });
}
