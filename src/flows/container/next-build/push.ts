import type { CopySource } from '../../../oci/copy/plan.ts';
import type { Session } from '../../../workspace/session.ts';
import type { Destination } from '../transfer/destination.ts';
import { transfer } from '../transfer.ts';

/** Where a build has gone. */
export interface PushedBuild {
  /** The place: a reference without tag. */
  destination: string;
  tags: readonly string[];
  /** False if all tags pointed there already. */
  moved: boolean;
  /** Bytes that went over. */
  bytes: number;
}

/**
 * Brings a build with its referrers to where `--push` says; blobs that are there are not sent. If the tag points to
 * the build already, a registry is asked nothing else.
 * @param ownTags what the build is tagged with here, for a destination without a tag; the last of them is set last
 * @param force move tags of versions from one container to another, too
 * @throws CosaError what {@link transfer} throws
 */
export async function pushBuild(
  session: Session,
  from: CopySource,
  { place, tag }: Destination,
  ownTags: readonly string[],
  force: boolean,
): Promise<PushedBuild> {
  const tags = tag === undefined ? ownTags : [tag];
  const destination = place.format();
  if (place.keepsManifestsWhole === true) {
    await using store = await place.openForWriting(session.registries);
    const last = await store.resolveTag(tags.at(-1) ?? '');
    if (last?.digest === from.descriptor.digest) return { destination, tags, moved: false, bytes: 0 };
  }
  const { moved, bytes } = await transfer(session, {
    from,
    to: place,
    tags,
    extent: 'referrers',
    force,
    dryRun: false,
  });
  return { destination, tags, moved: moved.length > 0, bytes };
}
