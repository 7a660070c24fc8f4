import { dirname } from 'node:path';
import { withLock } from '../exec/lock.ts';
import type { Digest } from '../lib/digest.ts';
import { makeDirectory } from '../lib/directories.ts';
import { archiveSource } from './archive/source.ts';
import { openStaging } from './archive/staging.ts';
import { writeArchive } from './archive/write.ts';
import type { Image } from './image.ts';
import { emptyIndex, type IndexDocument, indexText, refuseFull, tagOf, withoutTag } from './layout/index-document.ts';
import { type LayoutSource, layoutReader } from './layout/reader.ts';
import { withReferrer, withTags } from './layout/tags.ts';
import type { ContentReader, ContentStore, TransferOptions } from './store.ts';
import type { Descriptor } from './types.ts';

/**
 * Opens a tar archive of an OCI layout for reading, where it lies: nothing is extracted.
 * @throws CosaError `ARCHIVE_MISSING`, `ARCHIVE_COMPRESSED` (exit 2), `ARCHIVE_INVALID`, `LAYOUT_INVALID`,
 *   `INDEX_INVALID` (exit 4)
 */
export async function openArchive(file: string): Promise<ContentReader> {
  const source = archiveSource(file, 'error');
  await source.contents();
  return layoutReader(source);
}

/**
 * Opens a tar archive of an OCI layout for writing; it need not exist. What is written is collected in a directory
 * beside it. When the store is disposed, and tags or referrers have been written, the archive is replaced as a whole by
 * one that holds what it held and what is new. Killed before that, it is as it was; the next writer removes the
 * directory. The same content gives the same bytes.
 *
 * Any number of processes may write to an archive at once: each adds to what it finds at its end, and fails with
 * `TAG_MOVED` if a tag is not any more what it was told to expect.
 * @throws CosaError as {@link openArchive} for a file that is there and is no archive
 */
export async function openArchiveForWriting(file: string): Promise<ContentStore & AsyncDisposable> {
  const directory = dirname(file);
  await makeDirectory(directory);
  const archive = archiveSource(file, 'empty');
  // Looked at before gigabytes are collected for it.
  await archive.contents();
  const staging = await openStaging(file);
  const { store } = staging;
  const expectations = new Map<string, Digest | undefined>();

  const both: LayoutSource = {
    index: async () => merge(await archive.index(), await staging.entries(), new Map()),
    blobSize: async (digest) => (await staging.blobSize(digest)) ?? archive.blobSize(digest),
    async *readBlob(descriptor, signal) {
      const source = (await store.hasBlob(descriptor.digest, descriptor.size)) ? store : archive;
      yield* source.readBlob(descriptor, signal);
    },
  };

  async function setTags(
    tags: readonly string[],
    manifest: Descriptor,
    expected: ReadonlyMap<string, Digest | undefined> = new Map(),
  ): Promise<void> {
    withTags(await both.index(), tags, manifest, expected);
    if (!(await store.hasBlob(manifest.digest))) {
      await store.putBlob({ descriptor: manifest, open: (signal) => archive.readBlob(manifest, signal) });
    }
    // A tag that this writer has set already points to what others do not see yet.
    const own = new Set((await staging.entries()).map(tagOf));
    await store.setTags(tags, manifest);
    for (const [tag, digest] of expected) if (!own.has(tag)) expectations.set(tag, digest);
  }

  async function finish(): Promise<void> {
    const added = await staging.entries();
    const staged = await staging.blobs();
    if (staged.length + added.length === 0) return;
    await withLock(directory, async () => {
      const { index, blobs: before } = await archive.contents();
      const merged = merge(index, added, expectations);
      refuseFull(index, merged, file);
      const blobs = new Map([...before].map(([digest, { size }]) => [digest, size]));
      // What was written again takes the place of a blob that was cut off.
      let isHealed = false;
      for (const digest of staged) {
        const size = (await staging.blobSize(digest)) ?? 0;
        isHealed ||= before.has(digest) && blobs.get(digest) !== size;
        blobs.set(digest, size);
      }
      if (added.length === 0 && !isHealed) return;
      if (!isHealed && blobs.size === before.size && indexText(merged) === indexText(index)) return;
      const readBlob = (digest: Digest, size: number) =>
        both.readBlob({ mediaType: 'application/octet-stream', digest, size });
      await writeArchive(file, { index: merged, blobs, readBlob });
    });
  }

  return {
    ...layoutReader(both),
    putBlob: store.putBlob,
    putManifest: store.putManifest,
    setTags,
    async [Symbol.asyncDispose]() {
      try {
        await finish();
      } finally {
        await staging[Symbol.asyncDispose]();
      }
    },
  };
}

/**
 * Writes an archive that holds one image under one tag and nothing else, and replaces what is there. The bytes go straight
 * to their place, verified; the same image and tag give the same archive.
 * @throws CosaError what `readBlob` throws; then there is no archive, or the one that was
 */
export async function writeImageArchive(
  file: string,
  { reader, image: { descriptor, manifest } }: { reader: Pick<ContentReader, 'readBlob'>; image: Image },
  tag: string,
  { signal, onBytes = () => undefined }: TransferOptions = {},
): Promise<void> {
  const { mediaType, digest, size } = descriptor;
  const own = { mediaType, digest, size };
  const blobs = new Map([...manifest.layers, manifest.config, own].map((blob) => [blob.digest, blob]));
  await writeArchive(file, {
    index: withTags(emptyIndex, [tag], own),
    blobs: new Map([...blobs].map(([name, blob]) => [name, blob.size])),
    async *readBlob(name) {
      for await (const chunk of reader.readBlob(blobs.get(name) ?? own, signal)) {
        yield chunk;
        onBytes(chunk.length);
      }
    },
  });
}

/** The archive's index with the entries that were added: a tag moves, a referrer is there once. */
function merge(
  index: IndexDocument,
  added: readonly Descriptor[],
  expectations: ReadonlyMap<string, Digest | undefined>,
): IndexDocument {
  let merged = index;
  for (const entry of added) {
    const tag = tagOf(entry);
    if (tag === undefined) {
      merged = withReferrer(merged, entry);
      continue;
    }
    const expected = new Map([...expectations].filter(([name]) => name === tag));
    merged = withTags(merged, [tag], withoutTag(entry), expected);
  }
  return merged;
}
