import { digestOf } from '../../lib/digest.ts';
import { compareBytes } from '../../lib/order.ts';
import { keepVersions } from '../../oci/copy/version-tags.ts';
import { readImage } from '../../oci/image.ts';
import { openReference } from '../../oci/open.ts';
import { platformName } from '../../oci/platform.ts';
import { platformIndex, platformOf } from '../../oci/platform-index.ts';
import { mediaTypes, type Platform } from '../../oci/types.ts';
import { runStep } from '../../progress/step.ts';
import { workDirectoryFor } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';
import { parseDestination, tagMissing } from '../../workspace/transfer/destination.ts';
import { type Transferred, transfer } from '../../workspace/transfer.ts';

export interface PushIndexOptions {
  /** A reference with a tag. */
  destination: string;
  /** The builds, one for each architecture, wherever they lie. */
  references: readonly string[];
  /** Whether test results, signatures and lists of parts of the builds go too. */
  referrers: boolean;
  /** Move tags of versions from one container to another, too. */
  force?: boolean;
}

export interface PushedIndex extends Transferred {
  /** In the order of the index. */
  images: readonly { reference: string; platform: Platform; digest: string }[];
}

/**
 * Makes one index of builds for several architectures and brings it to a place with all of them: readers pick theirs.
 * The index is stored after its images, and tagged last.
 * @throws CosaError `DESTINATION_TAG`, `INDEX_PLATFORM_TWICE` (exit 2), `TAG_MOVED` (exit 4), what `openReference`, `readImage` and
 *   `transfer` throw
 */
export async function pushIndex(
  session: Session,
  directory: string,
  { destination, references, referrers, force = false }: PushIndexOptions,
): Promise<PushedIndex> {
  const { root } = await workDirectoryFor(directory, destination);
  const to = parseDestination(destination, root);
  if (to.tag === undefined) throw tagMissing(to, 'an index has none of its own');
  const members = await runStep(session, 'read images', async () => {
    const opened = [];
    for (const name of references) {
      const from = await openReference(name, root, session.registries);
      opened.push({ name, from, image: await readImage(from.reader, from.descriptor) });
    }
    return opened;
  });
  const index = platformIndex(members);
  const transfers: Transferred[] = [];
  for (const { from, image } of members) {
    const source = { ...from, descriptor: image.descriptor };
    const extent = referrers ? 'referrers' : 'image';
    transfers.push(await transfer(session, { from: source, to: to.place, tags: [], extent, dryRun: false }));
  }
  const { tag } = to;
  const moved = await runStep(session, `tag ${to.place.format({ tag })}`, async () => {
    await using store = await to.place.openForWriting(session.registries);
    const now = await store.resolveTag(tag);
    if (now?.digest === digestOf(index)) return false;
    const place = { place: to.place, reader: store };
    const descriptor = await store.putManifest(index, mediaTypes.index);
    const moving = new Map([[tag, now]]);
    const expected = force ? undefined : await keepVersions({ from: { ...place, descriptor }, to: place }, moving);
    await store.setTags([tag], descriptor, expected);
    return true;
  });
  return {
    destination: to.place.format(),
    digest: digestOf(index),
    tags: [tag],
    moved: moved ? [tag] : [],
    blobs: {
      sent: sum(transfers.map(({ blobs }) => blobs.sent)),
      mounted: sum(transfers.map(({ blobs }) => blobs.mounted)),
      present: sum(transfers.map(({ blobs }) => blobs.present)),
    },
    bytes: sum(transfers.map(({ bytes }) => bytes)),
    leftOut: transfers.flatMap(({ leftOut }) => leftOut),
    diskImagesLeft: sum(transfers.map(({ diskImagesLeft }) => diskImagesLeft)),
    images: members
      .map(({ name, image }) => ({ reference: name, platform: platformOf(image), digest: image.descriptor.digest }))
      .sort((a, b) => compareBytes(platformName(a.platform), platformName(b.platform))),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
