import { openCache } from '../../cache/cache.ts';
import { oldestUntil } from '../../cache/evict.ts';
import { type CacheKind, cacheKinds } from '../../cache/kinds.ts';
import { type SurveyedEntry, surveyCache } from '../../cache/survey.ts';
import { formatBytes } from '../../lib/format.ts';
import { type Pipeline, runStep } from '../../progress/step.ts';
import type { WorkDirectory } from '../../workspace/work-directory.ts';

export interface PruneCacheOptions {
  /** Bytes that may stay; unless given, only what is in use does. */
  keepBytes: number | undefined;
  /** Only say what would go. */
  dryRun: boolean;
}

/** What lies in a cache of one kind, before anything was removed. Bytes are those on disk. */
interface PrunedKind {
  /** The directory's name. */
  kind: string;
  /** What an entry is, for people. */
  content: string;
  entries: number;
  bytes: number;
  /** Entries that running commands use: they stay. */
  inUse: number;
  /** Entries that were removed, or would be. */
  removed: number;
  removedBytes: number;
}

export interface PrunedCache {
  /** Those of which there is something. */
  kinds: readonly PrunedKind[];
  /** Directories of no kind that this version knows; they stay. */
  unknown: readonly { name: string; bytes: number }[];
  /** All that is of a known kind, before. */
  bytes: number;
  removedBytes: number;
}

/**
 * Makes room in a work directory's `cache/`: what dead processes left goes, and the least recently used, whatever its
 * kind, until no more is left than may stay. Waits for no other command: what one uses stays. Must run as root or
 * namespace root, whose files lie there.
 */
export async function pruneCache(
  pipeline: Pipeline,
  work: WorkDirectory,
  { keepBytes, dryRun }: PruneCacheOptions,
): Promise<PrunedCache> {
  return runStep(pipeline, dryRun ? 'look at cache' : 'make room in cache', async (reporter) => {
    const { entries, unknown } = await surveyCache(work.cache, reporter.signal);
    const isEnough = keepBytes === undefined ? () => false : (_: number, bytes: number) => bytes <= keepBytes;
    const chosen = [
      ...entries.filter(({ isLeft }) => isLeft),
      ...oldestUntil(
        entries.filter(({ isLeft }) => !isLeft),
        isEnough,
      ),
    ];
    const removed = dryRun ? chosen : await removeEntries(work.cache, chosen, reporter.signal);
    const removedBytes = sumOf(removed);
    reporter.note(formatBytes(removedBytes));
    return { kinds: summarize(entries, removed), unknown, bytes: sumOf(entries), removedBytes };
  });
}

/** @returns those that are gone: another command may have begun to use some of them meanwhile */
async function removeEntries(
  cacheDirectory: string,
  entries: readonly SurveyedEntry[],
  signal: AbortSignal,
): Promise<SurveyedEntry[]> {
  const removed: SurveyedEntry[] = [];
  for (const kind of new Set(entries.map((entry) => entry.kind))) {
    signal.throwIfAborted();
    const ofKind = entries.filter((entry) => entry.kind === kind);
    await using cache = await openCache(cacheDirectory, kind);
    const gone = new Set(await cache.remove(ofKind.filter(({ isLeft }) => !isLeft).map(({ name }) => name)));
    removed.push(...ofKind.filter(({ isLeft, name }) => isLeft || gone.has(name)));
  }
  return removed;
}

function summarize(entries: readonly SurveyedEntry[], removed: readonly SurveyedEntry[]): PrunedKind[] {
  return Object.values(cacheKinds).flatMap((kind: CacheKind) => {
    const all = entries.filter((entry) => entry.kind === kind);
    const gone = removed.filter((entry) => entry.kind === kind);
    if (all.length === 0) return [];
    return [
      {
        kind: kind.name,
        content: kind.content,
        entries: all.length,
        bytes: sumOf(all),
        inUse: all.filter(({ isInUse }) => isInUse).length,
        removed: gone.length,
        removedBytes: sumOf(gone),
      },
    ];
  });
}

function sumOf(entries: readonly SurveyedEntry[]): number {
  return entries.reduce((sum, { bytes }) => sum + bytes, 0);
}
