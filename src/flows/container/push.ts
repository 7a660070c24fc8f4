import { labelNames } from '../../contract/labels.ts';
import { candidateTag } from '../../contract/tags.ts';
import type { Image } from '../../oci/image.ts';
import { labelOf } from '../../oci/image.ts';
import type { OpenedReference } from '../../oci/open.ts';
import { resolveImage } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';
import { parseDestination, tagMissing } from './transfer/destination.ts';
import { type Transferred, transfer } from './transfer.ts';

export interface PushOptions {
  /** A reference; without a tag the image keeps those that say its version and that it is its stream's candidate. */
  destination: string;
  /** What to push; the newest build unless given. */
  from: string | undefined;
  /** Whether test results, signatures and lists of parts go too. */
  referrers: boolean;
  /** Move tags of versions from one container to another, too. */
  force?: boolean;
}

/**
 * Brings a build to a registry, or to any other place.
 * @throws CosaError `DESTINATION_TAG`, `DESTINATION_DIGEST` (exit 2), what `resolveImage` and `transfer` throw
 */
export async function pushContainer(
  session: Session,
  directory: string,
  { destination, from, referrers, force = false }: PushOptions,
): Promise<Transferred> {
  const { work, reference, image } = await resolveImage(session, directory, from);
  const to = parseDestination(destination, work.root);
  const tags = to.tag === undefined ? await ownTags(reference, image) : [to.tag];
  if (tags.length === 0) {
    throw tagMissing(to, `${reference.name} has neither its version nor its stream's candidate as a tag`);
  }
  return transfer(session, {
    from: { ...reference, descriptor: image.descriptor },
    to: to.place,
    tags,
    extent: referrers ? 'referrers' : 'image',
    force,
    dryRun: false,
  });
}

/** The tags that a build gave it: where others look for it. Streams are moved by those who promote. */
async function ownTags({ reader, descriptor }: OpenedReference, image: Image): Promise<string[]> {
  const version = labelOf(image, labelNames.version);
  const stream = labelOf(image, labelNames.stream);
  const names = [version, stream === undefined ? undefined : candidateTag(stream)];
  const tags: string[] = [];
  for (const name of names) {
    if (name === undefined) continue;
    if ((await reader.resolveTag(name))?.digest === descriptor.digest) tags.push(name);
  }
  return tags;
}
