import { rm } from 'node:fs/promises';
import { lockFile, withLock } from '../../exec/lock.ts';
import type { Digest } from '../../lib/digest.ts';
import { readManifest } from '../image.ts';
import { openLayout } from '../layout.ts';
import { maximumManifestBytes, parseIndex } from '../schemas.ts';
import type { ContentReader } from '../store.ts';
import { type Descriptor, type Manifest, mediaTypes } from '../types.ts';
import { readSmallBlob } from '../verified.ts';
import { blobSize } from './blobs.ts';
import { listBlobs, listLeftovers, readEntries, removeLeftovers, tagOf, writeEntries } from './index-file.ts';
import { blobPath, layoutPaths } from './paths.ts';
import { refuseLinks } from './refuse-links.ts';

export interface PruneResult {
  /** Tags that were removed, sorted. */
  tags: readonly string[];
  /** Blobs that were removed, and their bytes. */
  blobs: number;
  bytes: number;
  /** Unfinished files of killed writers that were removed. */
  leftovers: number;
}

/**
 * Removes tags, and then every blob that nothing reaches any more. A referrer goes with its subject. Waits until
 * nobody writes, since what is being written is not reachable yet. Killed at any moment it leaves a sound layout.
 * @param choose which tags go, with the index locked
 * @param dryRun only say what would be removed
 * @throws CosaError `LAYOUT_INVALID` (exit 4) as {@link refuseLinks}; if a manifest that stays cannot be read: without it nobody knows which blobs it needs
 */
export async function pruneLayout(
  directory: string,
  choose: (reader: ContentReader) => Promise<ReadonlySet<string>>,
  dryRun: boolean,
): Promise<PruneResult> {
  const reader = await openLayout(directory);
  if (dryRun) return prune(directory, reader, choose, true);
  const paths = layoutPaths(directory);
  await refuseLinks(paths);
  await using _alone = await lockFile(paths.writersLock);
  return await withLock(paths.indexLock, () => prune(directory, reader, choose, false));
}

async function prune(
  directory: string,
  reader: ContentReader,
  choose: (reader: ContentReader) => Promise<ReadonlySet<string>>,
  dryRun: boolean,
): Promise<PruneResult> {
  const paths = layoutPaths(directory);
  const entries = await readEntries(paths);
  const tags = await choose(reader);
  const { kept, reached } = await reach(reader, entries, tags);
  const unreached = (await listBlobs(paths)).filter((digest) => !reached.has(digest));
  const sizes = await Promise.all(unreached.map((digest) => blobSize(paths, digest)));
  const leftovers = await listLeftovers(paths);
  if (!dryRun) {
    // First nothing points to them, then they go: a kill in between leaves blobs for the next prune.
    if (kept.length < entries.length) await writeEntries(paths, kept);
    for (const digest of unreached) await rm(blobPath(paths, digest), { force: true });
    await removeLeftovers(paths);
  }
  return {
    tags: [...tags].sort(),
    blobs: unreached.length,
    bytes: sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0),
    leftovers: leftovers.length,
  };
}

/** The entries that stay, in their order, and every blob that they need. */
async function reach(
  reader: ContentReader,
  entries: readonly Descriptor[],
  removedTags: ReadonlySet<string>,
): Promise<{ kept: Descriptor[]; reached: Set<Digest> }> {
  const reached = new Set<Digest>();
  const kept = new Set<Descriptor>();
  const referrers: { entry: Descriptor; subject: Digest }[] = [];
  for (const entry of entries) {
    const tag = tagOf(entry);
    if (tag !== undefined && removedTags.has(tag)) continue;
    const subject = tag === undefined ? await subjectOf(reader, entry) : undefined;
    if (subject !== undefined) {
      referrers.push({ entry, subject });
      continue;
    }
    kept.add(entry);
    await reachManifest(reader, entry, reached);
  }
  // A referrer may have referrers: a signature of a test result.
  for (let before = -1; before !== kept.size; ) {
    before = kept.size;
    for (const { entry, subject } of referrers) {
      if (kept.has(entry) || !reached.has(subject)) continue;
      kept.add(entry);
      await reachManifest(reader, entry, reached);
    }
  }
  return { kept: entries.filter((entry) => kept.has(entry)), reached };
}

async function subjectOf(reader: ContentReader, entry: Descriptor): Promise<Digest | undefined> {
  return entry.mediaType === mediaTypes.manifest ? (await readManifest(reader, entry)).subject?.digest : undefined;
}

async function reachManifest(reader: ContentReader, descriptor: Descriptor, reached: Set<Digest>): Promise<void> {
  if (reached.has(descriptor.digest)) return;
  reached.add(descriptor.digest);
  if (descriptor.mediaType === mediaTypes.index) {
    const bytes = await readSmallBlob(reader, descriptor, maximumManifestBytes);
    const { manifests } = parseIndex(bytes.toString(), `index ${descriptor.digest}`);
    for (const manifest of manifests) await reachManifest(reader, manifest, reached);
    return;
  }
  const manifest: Manifest = await readManifest(reader, descriptor);
  for (const { digest } of [manifest.config, ...manifest.layers]) reached.add(digest);
}
