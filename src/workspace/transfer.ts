import type { Digest } from '../lib/digest.ts';
import { CosaError } from '../lib/errors.ts';
import { formatBytes, plural } from '../lib/format.ts';
import { type CopyExtent, type CopySource, planCopy, totalBytes } from '../oci/copy/plan.ts';
import { type CopySide, onSide, readerOnSide, storeOnSide, tellingSides } from '../oci/copy/sides.ts';
import { copyContent } from '../oci/copy.ts';
import type { Image } from '../oci/image.ts';
import type { Place } from '../oci/place.ts';
import type { AdmittedReference } from '../oci/policy.ts';
import type { ContentReader } from '../oci/store.ts';
import { runStep } from '../progress/step.ts';
import type { Session } from './session.ts';
import { ownPlace, type WorkDirectory } from './work-directory.ts';

/** One image, or a whole index, that is to go from place to place. */
export interface Transfer {
  from: CopySource;
  to: Place;
  /** At least one. */
  tags: readonly string[];
  /** What is brought, read: then no tag is taken from other platforms. */
  images?: readonly Image[] | undefined;
  extent: CopyExtent;
  /** True to take its disk images along with what else refers to it. */
  diskImages?: boolean | undefined;
  /** Move tags of versions from one container to another, too. */
  force?: boolean;
  /** Only say what would move. */
  dryRun: boolean;
}

/** What has moved, or would: for people and for `--json`. */
export interface Transferred {
  /** The place that it went to: a reference without tag. */
  destination: string;
  digest: Digest;
  /** The tags that point to it there, moved or not. */
  tags: readonly string[];
  /** Those of them that were moved. */
  moved: readonly string[];
  /** Blobs whose bytes went over, that the registry took from another repository, and that were there. */
  blobs: { sent: number; mounted: number; present: number };
  /** Bytes that went over. */
  bytes: number;
  /** Why some referrers or attachments are not copied: they cannot be read. */
  leftOut: readonly string[];
  /** How many disk images refer to it that nobody asked for: they are not copied. */
  diskImagesLeft: number;
}

/**
 * Brings an image to a place, with what belongs to it; its tags there are set last. Errors say which side failed.
 * @throws CosaError what `Place.openForWriting` and `copyContent` throw
 */
export async function transfer(session: Session, transfer: Transfer): Promise<Transferred> {
  const { from, to, tags, images, extent, diskImages, force = false, dryRun } = transfer;
  const destination = to.format();
  const common = { destination, digest: from.descriptor.digest, tags };
  const title = `copy to ${to.format(tags.length === 1 ? { tag: tags[0] } : {})}`;
  const reading: CopySide = { doing: 'reading from', where: from.place.format() };
  const writing: CopySide = { doing: 'writing to', where: destination };
  const source = { ...from, reader: readerOnSide(reading, from.reader) };
  if (dryRun) {
    return runStep(session, `${title} (dry run)`, () =>
      tellingSides(async () => {
        const reader = readerOnSide(writing, await onSide(writing, () => openIfThere(to, session)));
        const request = { from: source, to: { place: to, reader }, tags, images, extent, diskImages, force };
        const { blobs: missing, present, tags: moved, leftOut, diskImagesLeft } = await planCopy(request);
        const blobs = { sent: missing.length, mounted: 0, present: present.blobs };
        return { ...common, moved, blobs, bytes: totalBytes(missing), leftOut, diskImagesLeft };
      }),
    );
  }
  return runStep(session, title, (reporter) =>
    tellingSides(async () => {
      await using opened = await onSide(writing, () => to.openForWriting(session.registries));
      const store = storeOnSide(writing, opened);
      const request = { from: source, to: { place: to, reader: store }, tags, images, extent, diskImages, force };
      const { sent, mounted, present, bytes, ...copied } = await copyContent(request, store, reporter);
      reporter.note(sent === 0 ? 'no blob to copy' : `${plural(sent, 'blob')}, ${formatBytes(bytes)}`);
      return { ...common, ...copied, blobs: { sent, mounted, present }, bytes };
    }),
  );
}

/**
 * Brings an image into a work directory's `oci/`: only one that the policy in force accepts.
 * @throws CosaError what {@link transfer} throws
 */
export async function bringIn(
  session: Session,
  work: WorkDirectory,
  from: AdmittedReference,
  what: Pick<Transfer, 'tags' | 'extent' | 'force'>,
): Promise<Transferred> {
  return transfer(session, { ...what, from, to: ownPlace(work), dryRun: false });
}

/** Opens a place that may not be there yet: one that is missing is as good as an empty one. */
export async function openIfThere(place: Place, session: Session): Promise<ContentReader> {
  try {
    return await place.open(session.registries);
  } catch (error) {
    if (error instanceof CosaError && error.code === place.missingCode) return nothing;
    throw error;
  }
}

const nothing: ContentReader = {
  readBlob: () => {
    throw new Error('nothing to read in a place that does not exist');
  },
  hasBlob: async () => false,
  resolveTag: async () => undefined,
  resolveDigest: async () => undefined,
  tagNames: async () => [],
  listTags: async () => new Map(),
  referrers: async () => [],
  untagged: async () => [],
};
