import type { Digest } from '../../lib/digest.ts';
import type { Reporter } from '../../progress/reporter.ts';
import { attempt } from '../attempt.ts';
import { openLayout } from '../layout.ts';
import type { Descriptor } from '../types.ts';
import { type Problem, validator } from '../validate.ts';
import { blobSize } from './blobs.ts';
import { emptyIndex } from './index-document.ts';
import { listBlobs, listLeftovers, readIndex } from './index-file.ts';
import { layoutPaths } from './paths.ts';

export interface LayoutReport {
  /** Everything that is wrong; empty for a sound layout. */
  problems: readonly Problem[];
  /** Entries of index.json: images, by each of their tags, and referrers. */
  entries: number;
  blobs: number;
  /** Bytes of all blobs. */
  bytes: number;
  /** Blobs that nothing refers to: no problem, `prune` removes them. */
  unreferenced: { blobs: number; bytes: number };
  /** Unfinished files of writers that were killed, or are still at it. */
  leftovers: number;
  /** Blobs that are missing, or not what their descriptors say. */
  unsound: readonly Descriptor[];
}

/**
 * Reads a whole layout again and compares every blob with its name, every descriptor with its blob, every layer
 * with its diffid. Changes nothing.
 * @throws CosaError `LAYOUT_MISSING` (exit 2)
 */
export async function checkLayout(directory: string, reporter: Reporter): Promise<LayoutReport> {
  const paths = layoutPaths(directory);
  const reader = await openLayout(directory);
  const blobs = await listBlobs(paths.blobs);
  const sizes = new Map<Digest, number>();
  for (const digest of blobs) sizes.set(digest, (await blobSize(paths, digest)) ?? 0);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  let done = 0;
  const onBytes = (count: number) => {
    done += count;
    reporter.progress(Math.min(done, total), total, 'bytes');
  };

  const check = validator(reader, onBytes, reporter.signal);
  const problems: Problem[] = [];
  const index = await attempt(() => readIndex(paths));
  if (index.reason !== undefined) problems.push({ code: index.code, message: index.reason });
  const { entries, unreadable } = index.value ?? emptyIndex;
  for (const { reason } of unreadable) {
    problems.push({ code: 'ENTRY_UNREADABLE', message: `${paths.indexFile}: ${reason}` });
  }
  for (const entry of entries) problems.push(...(await check.validate(entry)));
  const unreferenced = blobs.filter((digest) => !check.reached.has(digest));
  for (const digest of unreferenced) {
    problems.push(...(await check.validateBlob({ mediaType: '', digest, size: sizes.get(digest) ?? 0 })));
  }
  return {
    problems,
    entries: entries.length,
    blobs: blobs.length,
    bytes: total,
    unreferenced: {
      blobs: unreferenced.length,
      bytes: unreferenced.reduce((sum, digest) => sum + (sizes.get(digest) ?? 0), 0),
    },
    leftovers: (await listLeftovers(paths)).length,
    unsound: [...check.unsound.values()],
  };
}
