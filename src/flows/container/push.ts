import { labelNames } from '../../contract/labels.ts';
import { candidateTag } from '../../contract/tags.ts';
import type { Image } from '../../oci/image.ts';
import { imageEntries, labelOf, readImage } from '../../oci/image.ts';
import type { OpenedReference } from '../../oci/open.ts';
import { resolveReference } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';
import { parseDestination, tagMissing } from '../../workspace/transfer/destination.ts';
import { type Transferred, transfer } from '../../workspace/transfer.ts';

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
 * Brings a build to a registry, or to any other place: one for all architectures that its tag offers.
 * @throws CosaError `DESTINATION_TAG`, `DESTINATION_DIGEST` (exit 2), what `resolveReference` and `transfer` throw
 */
export async function pushContainer(
  session: Session,
  directory: string,
  { destination, from, referrers, force = false }: PushOptions,
): Promise<Transferred> {
  const { work, reference } = await resolveReference(session, directory, from);
  const { reader, descriptor } = reference;
  const entries = await imageEntries(reader, descriptor);
  const [first, ...others] = await Promise.all(entries.map((entry) => readImage(reader, entry)));
  // Of an index that offers nothing, this says so.
  const image = first ?? (await readImage(reader, descriptor));
  const to = parseDestination(destination, work.root);
  const tags = to.tag === undefined ? await ownTags(reference, image) : [to.tag];
  if (tags.length === 0) {
    throw tagMissing(to, `${reference.name} has neither its version nor its stream's candidate as a tag`);
  }
  return transfer(session, {
    // An index of one is as good as the one.
    from: others.length === 0 ? { ...reference, descriptor: image.descriptor } : reference,
    to: to.place,
    tags,
    images: [image, ...others],
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
