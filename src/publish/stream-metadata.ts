import { checkDocument, faultText } from '../lib/document.ts';
import { verificationError } from '../lib/errors.ts';
import { releaseIndexKey, releaseKey, streamKey } from './keys.ts';
import type { Author } from './metadata/changed-document.ts';
import { type DocumentKind, formatMetadata, parseMetadata } from './metadata/document.ts';
import { mergeIndex } from './metadata/merge-index.ts';
import { mergeRelease, type PublishedBuild } from './metadata/merge-release.ts';
import { mergeStream, type OtherRelease, otherReleases } from './metadata/merge-stream.ts';
import { type Release, releaseDocument } from './metadata/release.ts';
import { releaseIndexDocument } from './metadata/release-index.ts';
import { streamDocument } from './metadata/stream.ts';
import type { ObjectStore } from './object-store.ts';
import { mostDocumentBytes } from './object-store.ts';
import { requireObjects } from './stream-metadata/required-objects.ts';
import { readDocument, updateDocument } from './update.ts';

export interface MetadataUpdate {
  /** One or more, all of one product, stream and version. */
  builds: readonly [PublishedBuild, ...PublishedBuild[]];
  author: Author;
  /** True if the stream may go back to an older version. */
  allowDowngrade: boolean;
}

/** A document of a stream, and what became of it. */
export interface WrittenDocument {
  key: string;
  /** False if it said the same before. */
  changed: boolean;
}

export interface WrittenMetadata {
  /** In the order in which they are written: the version, the index, the stream. */
  documents: readonly WrittenDocument[];
  /** What the stream still has of other versions, since this one has none of it. */
  others: readonly OtherRelease[];
}

/** A document of a stream as it was and as it becomes. */
interface Change<Value extends object> {
  kind: DocumentKind<Value>;
  key: string;
  merge: (current: Value | undefined) => Value;
}

/**
 * What {@link writeMetadata} would do.
 * @throws CosaError as {@link writeMetadata}
 */
export async function planMetadata(
  store: ObjectStore,
  update: MetadataUpdate,
  signal?: AbortSignal,
): Promise<WrittenMetadata> {
  await requireObjects(
    store,
    update.builds.map(({ images }) => images),
    signal,
  );
  return changeAll(update, store, async ({ kind, key, merge }) => {
    const document = await readDocument(store, key, mostDocumentBytes, signal);
    const current = document && parseMetadata(kind, document.text, `${store.url}/${key}`);
    const value = merge(current);
    return { value, changed: value !== current };
  });
}

/**
 * Writes a version's metadata, then the index of releases, then the stream's metadata, each in one step, whoever else does
 * so at the same time. Nothing is written before all three are known to be possible and everything that they name is there.
 * Done again it changes nothing; broken off, the next one goes on.
 * @throws CosaError `RELEASE_MISSING_OBJECT`, `STREAM_OTHER_PRODUCT`, `STREAM_OLDER`, `METADATA_INVALID`, `METADATA_NEWER` (exit 4),
 *   `DOCUMENT_BUSY`, what the store throws
 */
export async function writeMetadata(
  store: ObjectStore,
  update: MetadataUpdate,
  signal?: AbortSignal,
): Promise<WrittenMetadata> {
  await planMetadata(store, update, signal);
  return changeAll(update, store, async ({ kind, key, merge }) => {
    const where = `${store.url}/${key}`;
    let result: { value: object; changed: boolean } | undefined;
    await updateDocument(
      store,
      key,
      (text) => {
        const current = text === undefined ? undefined : parseMetadata(kind, text, where);
        const value = merge(current);
        result = { value, changed: value !== current };
        return value === current ? text : formatMetadata(requireValid(kind, value, where)).toString();
      },
      signal,
    );
    return result as { value: never; changed: boolean };
  });
}

async function changeAll(
  { builds, author, allowDowngrade }: MetadataUpdate,
  store: ObjectStore,
  change: <Value extends object>(change: Change<Value>) => Promise<{ value: Value; changed: boolean }>,
): Promise<WrittenMetadata> {
  const [{ images }] = builds;
  const { name: product, stream, version } = images;
  const keys = {
    release: releaseKey({ stream, version }),
    index: releaseIndexKey(stream),
    stream: streamKey(stream),
  };
  const written = await change({
    kind: releaseDocument,
    key: keys.release,
    merge: (current) => mergeRelease(current, builds, store, author),
  });
  const release: Release = written.value;
  const index = await change({
    kind: releaseIndexDocument,
    key: keys.index,
    merge: (current) => mergeIndex(current, release, store, author),
  });
  const now = await change({
    kind: streamDocument,
    key: keys.stream,
    merge: (current) => mergeStream(current, release, { product, allowDowngrade }, author),
  });
  return {
    documents: [
      { key: keys.release, changed: written.changed },
      { key: keys.index, changed: index.changed },
      { key: keys.stream, changed: now.changed },
    ],
    others: otherReleases(now.value, version),
  };
}

/** What others have put into one document need not be fit for the next one. */
function requireValid<Value extends object>({ what, schema }: DocumentKind<Value>, value: Value, where: string): Value {
  checkDocument(schema, value, (fault) =>
    verificationError('METADATA_INVALID', `the new ${what} would not be as specified: ${faultText(fault, 'it ')}`, {
      hint: `look at ${where} and the release.json of the version: somebody has written into it what does not belong there`,
    }),
  );
  return value;
}
