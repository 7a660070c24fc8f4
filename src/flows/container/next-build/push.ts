import type { CopySource } from '../../../oci/copy/plan.ts';
import type { Image } from '../../../oci/image.ts';
import type { Session } from '../../../workspace/session.ts';
import type { Destination } from '../../../workspace/transfer/destination.ts';
import { openIfThere, transfer } from '../../../workspace/transfer.ts';

/** A build that is to go somewhere. */
export interface BuildToPush {
  from: CopySource;
  image: Image;
  to: Destination;
  /** What the build is tagged with here, for a destination without a tag; the last of them is set last. */
  tags: readonly string[];
  /** Move tags of versions from one container to another, too. */
  force: boolean;
}

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
 * the build already, a registry is asked nothing else. A tag that offers builds for other architectures there offers
 * them still.
 * @throws CosaError what {@link transfer} throws
 */
export async function pushBuild(session: Session, build: BuildToPush): Promise<PushedBuild> {
  const { from, image, force } = build;
  const { place, tag } = build.to;
  const tags = tag === undefined ? build.tags : [tag];
  const destination = place.format();
  if (place.keepsManifestsWhole === true) {
    const last = await (await openIfThere(place, session)).resolveTag(tags.at(-1) ?? '');
    if (last?.digest === from.descriptor.digest) return { destination, tags, moved: false, bytes: 0 };
  }
  const { moved, bytes } = await transfer(session, {
    from,
    to: place,
    tags,
    images: [image],
    extent: 'referrers',
    force,
    dryRun: false,
  });
  return { destination, tags, moved: moved.length > 0, bytes };
}
