import { lockFile, tryLockFile, withLock } from '../exec/lock.ts';
import { type Digest, digestOf } from '../lib/digest.ts';
import { usageError, verificationError } from '../lib/errors.ts';
import { readManifest } from './image.ts';
import { blobMissing, blobSize, createBlob, readBlob } from './layout/blobs.ts';
import {
  initializeLayout,
  listLeftovers,
  readEntries,
  refName,
  removeLeftovers,
  requireLayout,
  tagOf,
  withoutTag,
  writeEntries,
} from './layout/index-file.ts';
import { type LayoutPaths, layoutPaths } from './layout/paths.ts';
import { isManifest, maximumManifestBytes, parseManifest } from './schemas.ts';
import type { BlobSource, BlobWriter, ContentReader, LocalStore, TransferOptions } from './store.ts';
import { isTag } from './tag.ts';
import { type Annotations, type Descriptor, mediaTypes } from './types.ts';
import { readSmallBlob, verified } from './verified.ts';

/**
 * Opens an OCI layout directory for reading. Takes no lock: index.json and every blob are replaced as a whole.
 * @throws CosaError `LAYOUT_MISSING` (exit 2), `LAYOUT_INVALID` (exit 4)
 */
export async function openLayout(directory: string): Promise<ContentReader> {
  const paths = layoutPaths(directory);
  await requireLayout(paths);
  return layoutReader(paths);
}

/**
 * Opens an OCI layout directory for writing and makes it if missing. Until it is disposed, `prune` waits: blobs
 * that were written or found here stay, though no tag reaches them yet. Any number of processes may write at once.
 * What killed writers left is removed if nobody else is writing.
 */
export async function openLayoutForWriting(directory: string): Promise<LocalStore & AsyncDisposable> {
  const paths = layoutPaths(directory);
  await initializeLayout(paths);
  await cleanUp(paths);
  const inUse = await lockFile(paths.writersLock, 'shared');
  return {
    ...layoutReader(paths),
    createBlob: () => createBlob(paths),
    putBlob: (source, options) => putBlob(paths, source, options),
    putManifest: (content, mediaType, extra) => putManifest(paths, content, mediaType, extra),
    setTags: (tags, manifest, expected) => setTags(paths, tags, manifest, expected),
    [Symbol.asyncDispose]: () => inUse[Symbol.asyncDispose](),
  };
}

async function cleanUp(paths: LayoutPaths): Promise<void> {
  if ((await listLeftovers(paths)).length === 0) return;
  await using alone = await tryLockFile(paths.writersLock);
  if (alone !== undefined) await removeLeftovers(paths);
}

function layoutReader(paths: LayoutPaths): ContentReader {
  async function listTags(): Promise<ReadonlyMap<string, Descriptor>> {
    const tags = new Map<string, Descriptor>();
    for (const entry of await readEntries(paths)) {
      const tag = tagOf(entry);
      if (tag !== undefined) tags.set(tag, withoutTag(entry));
    }
    return new Map([...tags].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  const reader: ContentReader = {
    readBlob: (descriptor, signal) => readBlob(paths, descriptor, signal),
    hasBlob: async (digest) => (await blobSize(paths, digest)) !== undefined,
    listTags,
    tagNames: async () => [...(await listTags()).keys()],
    resolveDigest: (digest) => resolveDigest(paths, digest),
    resolveTag: async (tag) => (await listTags()).get(tag),
    referrers: async (subject, artifactType) => {
      const found: Descriptor[] = [];
      for (const entry of await readEntries(paths)) {
        if (tagOf(entry) !== undefined || entry.mediaType !== mediaTypes.manifest) continue;
        if (artifactType !== undefined && entry.artifactType !== artifactType) continue;
        const manifest = await readManifest(reader, entry);
        if (manifest.subject?.digest === subject) found.push(entry);
      }
      return found;
    },
  };
  return reader;
}

/** An untagged manifest is no entry of index.json; then its content says what it is. */
async function resolveDigest(paths: LayoutPaths, digest: Digest): Promise<Descriptor | undefined> {
  const entry = (await readEntries(paths)).find((candidate) => candidate.digest === digest);
  if (entry !== undefined) return withoutTag(entry);
  const size = await blobSize(paths, digest);
  if (size === undefined || size > maximumManifestBytes) return undefined;
  const descriptor = { mediaType: mediaTypes.manifest, digest, size };
  const bytes = await readSmallBlob({ readBlob: (blob) => readBlob(paths, blob) }, descriptor, maximumManifestBytes);
  return isManifest(bytes.toString()) ? descriptor : undefined;
}

/**
 * A manifest with a `subject` becomes an entry of index.json without a tag, with its artifactType: that is how
 * a layout, which has no referrers API, keeps referrers reachable (and how oras does it).
 */
async function putManifest(
  paths: LayoutPaths,
  content: string,
  mediaType: string,
  extra: { artifactType?: string; annotations?: Annotations } = {},
): Promise<Descriptor> {
  const bytes = Buffer.from(content);
  const descriptor: Descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length, ...extra };
  await writeBlob(await createBlob(paths), bytes);
  if (mediaType !== mediaTypes.manifest) return descriptor;
  const { subject } = parseManifest(content, `manifest ${descriptor.digest}`);
  if (subject !== undefined) {
    await updateEntries(paths, (entries) =>
      entries.some((entry) => entry.digest === descriptor.digest && tagOf(entry) === undefined)
        ? entries
        : [...entries, descriptor],
    );
  }
  return descriptor;
}

async function putBlob(
  paths: LayoutPaths,
  { descriptor, open }: BlobSource,
  { signal, onBytes }: TransferOptions = {},
): Promise<'written'> {
  const blob = await createBlob(paths);
  try {
    // Verified here too: whatever is in a layout is what its name says.
    for await (const chunk of verified(open(signal), descriptor, paths.directory)) {
      await blob.write(chunk);
      onBytes?.(chunk.length);
    }
    await blob.commit();
    return 'written';
  } finally {
    await blob.abort();
  }
}

async function writeBlob(blob: BlobWriter, bytes: Buffer): Promise<void> {
  try {
    await blob.write(bytes);
    await blob.commit();
  } finally {
    await blob.abort();
  }
}

async function setTags(
  paths: LayoutPaths,
  tags: readonly string[],
  manifest: Descriptor,
  expected: ReadonlyMap<string, Digest | undefined> = new Map(),
): Promise<void> {
  for (const tag of tags) {
    if (!isTag(tag)) {
      throw usageError('TAG_INVALID', `"${tag}" is not a tag: letters, digits, "_", "." and "-", at most 128`);
    }
  }
  if ((await blobSize(paths, manifest.digest)) === undefined) throw blobMissing(paths, manifest.digest);
  await updateEntries(paths, (entries) => {
    for (const [tag, digest] of expected) {
      const now = entries.find((entry) => tagOf(entry) === tag)?.digest;
      if (now !== digest) throw tagMoved(tag, digest, now);
    }
    const others = entries.filter((entry) => !tags.includes(tagOf(entry) ?? ''));
    const tagged = tags.map((tag) => ({ ...manifest, annotations: { ...manifest.annotations, [refName]: tag } }));
    return [...others, ...tagged];
  });
}

function tagMoved(tag: string, expected: Digest | undefined, now: Digest | undefined) {
  const text = (digest: Digest | undefined) => (digest === undefined ? 'nothing' : digest);
  return verificationError(
    'TAG_MOVED',
    `the tag "${tag}" points to ${text(now)}, not to ${text(expected)} any more: somebody else moved it`,
    { hint: 'look at what it points to now, then run the command again' },
  );
}

async function updateEntries(
  paths: LayoutPaths,
  change: (entries: readonly Descriptor[]) => readonly Descriptor[],
): Promise<void> {
  await withLock(paths.indexLock, async () => {
    const entries = await readEntries(paths);
    const changed = change(entries);
    if (changed !== entries) await writeEntries(paths, changed);
  });
}
