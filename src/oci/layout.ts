import { lockFile, tryLockFile, withLock } from '../exec/lock.ts';
import { type Digest, digestOf } from '../lib/digest.ts';
import { blobMissing, blobSize, createBlob, readBlob } from './layout/blobs.ts';
import { type IndexDocument, refuseFull } from './layout/index-document.ts';
import {
  indexReader,
  initializeLayout,
  listLeftovers,
  readIndex,
  removeLeftovers,
  requireLayout,
  writeIndex,
} from './layout/index-file.ts';
import { type LayoutPaths, layoutPaths } from './layout/paths.ts';
import { layoutReader } from './layout/reader.ts';
import { withReferrer, withTags } from './layout/tags.ts';
import { parseManifest } from './schemas.ts';
import type { BlobSource, BlobWriter, ContentReader, LocalStore, TransferOptions } from './store.ts';
import { type Annotations, type Descriptor, mediaTypes } from './types.ts';
import { sizeMismatch } from './verified.ts';

/** How many bytes of a blob are written at once. */
const writeSize = 512 * 1024;

/**
 * Opens an OCI layout directory for reading. Takes no lock: index.json and every blob are replaced as a whole.
 * @throws CosaError `LAYOUT_MISSING` (exit 2), `LAYOUT_INVALID` (exit 4)
 */
export async function openLayout(directory: string): Promise<ContentReader> {
  const paths = layoutPaths(directory);
  await requireLayout(paths);
  return readerOf(paths);
}

/**
 * Opens an OCI layout directory for writing and makes it if missing. Until it is disposed, `prune` waits: blobs
 * that were written or found here stay, though no tag reaches them yet. Any number of processes may write at once.
 * What killed writers left is removed if nobody else is writing.
 * @throws CosaError `LAYOUT_INVALID` (exit 4) for a layout that has links in it
 */
export async function openLayoutForWriting(directory: string): Promise<LocalStore & AsyncDisposable> {
  const paths = layoutPaths(directory);
  await initializeLayout(paths);
  await cleanUp(paths);
  const inUse = await lockFile(paths.writersLock, 'shared');
  return {
    ...readerOf(paths),
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

function readerOf(paths: LayoutPaths): ContentReader {
  return layoutReader({
    index: indexReader(paths),
    blobSize: (digest) => blobSize(paths, digest),
    readBlob: (descriptor, signal, buffers) => readBlob(paths, descriptor, signal, buffers),
  });
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
    await updateIndex(paths, (index) => withReferrer(index, descriptor));
  }
  return descriptor;
}

async function putBlob(
  paths: LayoutPaths,
  { descriptor, open }: BlobSource,
  { signal, onBytes }: TransferOptions = {},
): Promise<'written'> {
  const blob = await createBlob(paths, descriptor);
  let waiting: Buffer[] = [];
  let size = 0;
  let written = Promise.resolve();
  try {
    // A network brings small pieces: each write costs more than the piece. While one is written the next comes in.
    for await (const chunk of open(signal)) {
      waiting.push(chunk);
      size += chunk.length;
      onBytes?.(chunk.length);
      if (size < writeSize) continue;
      await written;
      written = blob.write(...waiting);
      // Whoever waits for it is told: at the next piece, or at the end.
      written.catch(() => undefined);
      waiting = [];
      size = 0;
    }
    await written;
    await blob.write(...waiting);
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
  expected?: ReadonlyMap<string, Digest | undefined>,
): Promise<void> {
  const size = await blobSize(paths, manifest.digest);
  if (size === undefined) throw blobMissing(paths, manifest.digest);
  if (size !== manifest.size) throw sizeMismatch(manifest, String(size), paths.directory);
  await updateIndex(paths, (index) => withTags(index, tags, manifest, expected));
}

/** @throws CosaError `LAYOUT_FULL` (exit 2) */
async function updateIndex(paths: LayoutPaths, change: (index: IndexDocument) => IndexDocument): Promise<void> {
  await withLock(paths.indexLock, async () => {
    const index = await readIndex(paths);
    const changed = change(index);
    if (changed === index) return;
    refuseFull(index, changed, paths.directory);
    await writeIndex(paths, changed);
  });
}
