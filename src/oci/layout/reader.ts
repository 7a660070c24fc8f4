import type { Digest } from '../../lib/digest.ts';
import { readManifest } from '../image.ts';
import { isManifest, maximumManifestBytes } from '../schemas.ts';
import type { ContentReader } from '../store.ts';
import { type Descriptor, mediaTypes } from '../types.ts';
import { readSmallBlob } from '../verified.ts';
import { tagOf, withoutTag } from './index-file.ts';

/** What a layout is made of, wherever its files lie: in a directory, or in an archive. */
export interface LayoutSource {
  /** The entries of index.json, in the file's order. */
  entries(): Promise<readonly Descriptor[]>;
  /** A blob's length in bytes, or `undefined` if it is not there. */
  blobSize(digest: Digest): Promise<number | undefined>;
  /** As `ContentReader.readBlob`. */
  readBlob(descriptor: Descriptor, signal?: AbortSignal): AsyncIterable<Buffer>;
}

/** A reader of files, whose index may name images without giving them a tag. */
export interface LayoutReader extends ContentReader {
  /** Images that have no tag: neither is one a referrer. In the index's order. */
  untaggedImages(): Promise<readonly Descriptor[]>;
}

export function layoutReader({ entries, blobSize, readBlob }: LayoutSource): LayoutReader {
  async function listTags(): Promise<ReadonlyMap<string, Descriptor>> {
    const tags = new Map<string, Descriptor>();
    for (const entry of await entries()) {
      const tag = tagOf(entry);
      if (tag !== undefined) tags.set(tag, withoutTag(entry));
    }
    return new Map([...tags].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** An untagged manifest is no entry of index.json; then its content says what it is. */
  async function resolveDigest(digest: Digest): Promise<Descriptor | undefined> {
    const entry = (await entries()).find((candidate) => candidate.digest === digest);
    if (entry !== undefined) return withoutTag(entry);
    const size = await blobSize(digest);
    if (size === undefined || size > maximumManifestBytes) return undefined;
    const descriptor = { mediaType: mediaTypes.manifest, digest, size };
    const bytes = await readSmallBlob({ readBlob }, descriptor, maximumManifestBytes);
    return isManifest(bytes.toString()) ? descriptor : undefined;
  }

  async function subjectOf(entry: Descriptor): Promise<Digest | undefined> {
    return entry.mediaType === mediaTypes.manifest ? (await readManifest(reader, entry)).subject?.digest : undefined;
  }

  const reader: LayoutReader = {
    readBlob,
    hasBlob: async (digest, size) => {
      const found = await blobSize(digest);
      return found !== undefined && (size === undefined || found === size);
    },
    listTags,
    tagNames: async () => [...(await listTags()).keys()],
    resolveDigest,
    resolveTag: async (tag) => (await listTags()).get(tag),
    referrers: async (subject, artifactType) => {
      const found: Descriptor[] = [];
      for (const entry of await entries()) {
        if (tagOf(entry) !== undefined) continue;
        if (artifactType !== undefined && entry.artifactType !== artifactType) continue;
        if ((await subjectOf(entry)) === subject) found.push(entry);
      }
      return found;
    },
    untaggedImages: async () => {
      const found: Descriptor[] = [];
      for (const entry of await entries()) {
        if (tagOf(entry) === undefined && (await subjectOf(entry)) === undefined) found.push(entry);
      }
      return found;
    },
  };
  return reader;
}
