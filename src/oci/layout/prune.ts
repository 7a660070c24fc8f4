import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFile, withLock } from '../../exec/lock.ts';
import { type Digest, digestHex } from '../../lib/digest.ts';
import { sortByBytes } from '../../lib/order.ts';
import type { ContentReader } from '../store.ts';
import type { Descriptor } from '../types.ts';
import { blobSize, readBlob } from './blobs.ts';
import { type IndexDocument, pruneLimits, tagOf } from './index-document.ts';
import {
  indexReader,
  listBlobs,
  listLeftovers,
  readIndex,
  removeLeftovers,
  requireLayout,
  writeIndex,
} from './index-file.ts';
import { manifestLinks } from './manifest-links.ts';
import { blobPath, type LayoutPaths, layoutPaths } from './paths.ts';
import { layoutReader } from './reader.ts';
import { refuseLinks } from './refuse-links.ts';

export interface PruneResult {
  /** Tags that were removed, sorted. */
  tags: readonly string[];
  /** Blobs that were removed, and their bytes. */
  blobs: number;
  bytes: number;
  /** Unfinished files of killed writers, and damaged blobs that were set aside: also removed. */
  leftovers: number;
  /** What stays though it cannot be read, and why. As long as it is there no blob goes, since nobody knows what it needs. */
  unreadable: readonly string[];
}

/** Which tags are to go. */
type Choose = (reader: ContentReader) => Promise<ReadonlySet<string>>;

/**
 * Removes tags, and then every blob that nothing reaches any more. A referrer goes with its subject, and an entry without
 * a tag with its manifest. Waits until nobody writes, since what is being written is not reachable yet. Killed at any
 * moment it leaves a sound layout. It reads longer indexes and larger manifests than others do, so that there is always
 * a way to make room, and keeps what it cannot read.
 * @param choose which tags go, with the index locked
 * @param dryRun only say what would be removed
 * @throws CosaError `LAYOUT_MISSING` (exit 2), `LAYOUT_INVALID`, `INDEX_INVALID` (exit 4), what `choose` throws
 */
export async function pruneLayout(directory: string, choose: Choose, dryRun: boolean): Promise<PruneResult> {
  const paths = layoutPaths(directory);
  await requireLayout(paths);
  if (dryRun) return prune(paths, choose, true);
  await refuseLinks(paths);
  await using _alone = await lockFile(paths.writersLock);
  return await withLock(paths.indexLock, () => prune(paths, choose, false));
}

async function prune(paths: LayoutPaths, choose: Choose, dryRun: boolean): Promise<PruneResult> {
  const index = await readIndex(paths, pruneLimits);
  const reader = layoutReader({
    index: indexReader(paths, pruneLimits),
    blobSize: (digest) => blobSize(paths, digest),
    readBlob: (descriptor, signal) => readBlob(paths, descriptor, signal),
  });
  const tags = await choose(reader);
  const { kept, reached, unreadable } = await reach(reader, index, tags);
  const blobs = unreadable.length === 0 ? await listBlobs(paths.blobs) : [];
  const removed = blobs.filter((digest) => !reached.has(digest));
  const sizes = await Promise.all(removed.map((digest) => blobSize(paths, digest)));
  const damaged = await listBlobs(paths.damaged);
  const leftovers = await listLeftovers(paths);
  if (!dryRun) {
    // First nothing points to them, then they go: a kill in between leaves blobs for the next prune.
    if (kept.length < index.entries.length) await writeIndex(paths, { ...index, entries: kept });
    for (const digest of removed) await rm(blobPath(paths, digest), { force: true });
    for (const digest of damaged) await rm(join(paths.damaged, digestHex(digest)), { force: true });
    await removeLeftovers(paths);
  }
  return {
    tags: sortByBytes(tags),
    blobs: removed.length,
    bytes: sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0),
    leftovers: leftovers.length + damaged.length,
    unreadable,
  };
}

interface Reached {
  /** The entries that stay, in their order. */
  kept: readonly Descriptor[];
  /** Every blob that they need. */
  reached: ReadonlySet<Digest>;
  /** Why some of their manifests cannot be read. */
  unreadable: readonly string[];
}

async function reach(reader: ContentReader, index: IndexDocument, removedTags: ReadonlySet<string>): Promise<Reached> {
  const reached = new Set<Digest>();
  // Somebody may name a manifest as a layer: what is below it is needed all the same.
  const walked = new Set<Digest>();
  const unreadable = new Set(index.unreadable.map(({ reason }) => reason));
  const kept = new Set<Descriptor>();
  const referrers = new Map<Digest, Descriptor[]>();
  const waiting: Descriptor[] = [];
  for (const entry of index.entries) {
    const tag = tagOf(entry);
    if (tag !== undefined) {
      if (!removedTags.has(tag)) waiting.push(entry);
      continue;
    }
    const { subject, isThere } = await manifestLinks(reader, entry);
    if (subject !== undefined) referrers.set(subject, [...(referrers.get(subject) ?? []), entry]);
    else if (isThere) waiting.push(entry);
  }
  // A referrer may have referrers: a signature of a test result.
  for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
    kept.add(entry);
    for (const digest of await mark(entry)) {
      waiting.push(...(referrers.get(digest) ?? []));
      referrers.delete(digest);
    }
  }
  return { kept: index.entries.filter((entry) => kept.has(entry)), reached, unreadable: sortByBytes(unreadable) };

  /** Everything below a manifest; a list rather than recursion, for it may be nested as deep as anybody likes. */
  async function mark(root: Descriptor): Promise<Digest[]> {
    const manifests = [root];
    const found: Digest[] = [];
    for (let next = manifests.pop(); next !== undefined; next = manifests.pop()) {
      if (walked.has(next.digest)) continue;
      walked.add(next.digest);
      reached.add(next.digest);
      found.push(next.digest);
      const links = await manifestLinks(reader, next);
      for (const digest of links.blobs) reached.add(digest);
      manifests.push(...links.manifests);
      if (links.reason !== undefined) unreadable.add(links.reason);
    }
    return found;
  }
}
