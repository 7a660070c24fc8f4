import type { Digest } from '../../lib/digest.ts';
import { compareBytes } from '../../lib/order.ts';
import { artifactTypeOf, hasTellingType } from '../artifact.ts';
import { type Attempt, attempt } from '../attempt.ts';
import { readManifest } from '../image.ts';
import { isManifest, maximumManifestBytes } from '../schemas.ts';
import type { ContentReader, UntaggedEntry } from '../store.ts';
import { type Descriptor, mediaTypes } from '../types.ts';
import { readSmallBlob } from '../verified.ts';
import { type IndexDocument, tagOf, withoutTag } from './index-document.ts';

/** What a layout is made of, wherever its files lie: in a directory, or in an archive. */
export interface LayoutSource {
  /** index.json; the same object as long as nobody has changed it. */
  index(): Promise<IndexDocument>;
  /** A blob's length in bytes, or `undefined` if it is not there. */
  blobSize(digest: Digest): Promise<number | undefined>;
  /** As `ContentReader.readBlob`. */
  readBlob: ContentReader['readBlob'];
}

/** What an index says, sorted by what it is for. */
interface SortedIndex {
  /** Sorted by tag. */
  tags: ReadonlyMap<string, Descriptor>;
  /** In the index's order. */
  referrers: ReadonlyMap<Digest, readonly Descriptor[]>;
  untagged: readonly UntaggedEntry[];
}

export function layoutReader({ index, blobSize, readBlob }: LayoutSource): ContentReader {
  const sortedIndexes = new WeakMap<IndexDocument, Promise<SortedIndex>>();
  const tagMaps = new WeakMap<IndexDocument, ReadonlyMap<string, Descriptor>>();

  async function tagsNow(): Promise<ReadonlyMap<string, Descriptor>> {
    const document = await index();
    const tags = tagMaps.get(document) ?? tagsOf(document).tags;
    tagMaps.set(document, tags);
    return tags;
  }

  /** Each entry without a tag is read once to find out what it refers to, whoever asks. */
  async function sortedNow(): Promise<SortedIndex> {
    const document = await index();
    const sorted = sortedIndexes.get(document) ?? sortEntries(document, { readBlob });
    sortedIndexes.set(document, sorted);
    return sorted;
  }

  /** An untagged manifest is no entry of index.json; then its content says what it is. */
  async function resolveDigest(digest: Digest): Promise<Descriptor | undefined> {
    const entry = (await index()).entries.find((candidate) => candidate.digest === digest);
    if (entry !== undefined) return withoutTag(entry);
    const size = await blobSize(digest);
    if (size === undefined || size > maximumManifestBytes) return undefined;
    const descriptor = { mediaType: mediaTypes.manifest, digest, size };
    const bytes = await readSmallBlob({ readBlob }, descriptor, maximumManifestBytes);
    return isManifest(bytes.toString()) ? descriptor : undefined;
  }

  return {
    readBlob,
    hasBlob: async (digest, size) => {
      const found = await blobSize(digest);
      return found !== undefined && (size === undefined || found === size);
    },
    listTags: async (isWanted = () => true) => new Map([...(await tagsNow())].filter(([tag]) => isWanted(tag))),
    tagNames: async () => [...(await tagsNow()).keys()],
    resolveDigest,
    resolveTag: async (tag) => (await tagsNow()).get(tag),
    referrers: async (subject, artifactType) => {
      const found = (await sortedNow()).referrers.get(subject) ?? [];
      return found.filter((entry) => artifactType === undefined || entry.artifactType === artifactType);
    },
    untagged: async () => (await sortedNow()).untagged,
  };
}

/** Of two entries with one tag the first counts, as for skopeo; the others are told. */
function tagsOf({ entries }: IndexDocument): { tags: ReadonlyMap<string, Descriptor>; repeated: UntaggedEntry[] } {
  const tags = new Map<string, Descriptor>();
  const repeated: UntaggedEntry[] = [];
  for (const entry of entries) {
    const tag = tagOf(entry);
    if (tag === undefined) continue;
    const first = tags.get(tag);
    if (first === undefined) tags.set(tag, withoutTag(entry));
    else if (first.digest !== entry.digest) {
      const reason = `the tag ${JSON.stringify(tag)} stands in the index twice, and the first entry counts`;
      repeated.push({ descriptor: withoutTag(entry), reason });
    }
  }
  return { tags: new Map([...tags].sort(([a], [b]) => compareBytes(a, b))), repeated };
}

async function sortEntries(document: IndexDocument, reader: Pick<ContentReader, 'readBlob'>): Promise<SortedIndex> {
  const { tags, repeated } = tagsOf(document);
  const referrers = new Map<Digest, Descriptor[]>();
  const untagged: UntaggedEntry[] = [...repeated];
  for (const entry of document.entries) {
    if (tagOf(entry) !== undefined) continue;
    const referrer = await asReferrer(reader, entry);
    if (referrer.reason !== undefined) untagged.push({ descriptor: entry, reason: referrer.reason });
    else if (referrer.value === undefined) untagged.push({ descriptor: entry, reason: undefined });
    else {
      const { subject, descriptor } = referrer.value;
      referrers.set(subject, [...(referrers.get(subject) ?? []), descriptor]);
    }
  }
  for (const { reason } of document.unreadable) untagged.push({ descriptor: undefined, reason });
  return { tags, referrers, untagged };
}

/** What an entry refers to, and the entry with the type that its manifest has; `undefined` if it refers to nothing. */
function asReferrer(
  reader: Pick<ContentReader, 'readBlob'>,
  entry: Descriptor,
): Promise<Attempt<{ subject: Digest; descriptor: Descriptor } | undefined>> {
  return attempt(async () => {
    if (entry.mediaType !== mediaTypes.manifest) return undefined;
    const manifest = await readManifest(reader, entry);
    if (manifest.subject === undefined) return undefined;
    const descriptor = hasTellingType(entry) ? entry : { ...entry, artifactType: artifactTypeOf(manifest) };
    return { subject: manifest.subject.digest, descriptor };
  });
}
