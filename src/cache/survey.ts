import { join } from 'node:path';
import { isScratchInUse, listScratches } from '../exec/scratch.ts';
import { diskUsage } from '../exec/tools/du.ts';
import { isDirectory, isTemporaryName, namesIn } from '../lib/files.ts';
import { mapParallel } from '../lib/parallel.ts';
import { type CacheEntry, listEntries } from './entries.ts';
import { type CacheKind, cacheKinds } from './kinds.ts';

/** Something in a cache, with the bytes that it takes on disk. */
export interface SurveyedEntry extends CacheEntry {
  readonly kind: CacheKind;
  /** A process that is gone has left it unfinished: it goes when its kind is opened. */
  readonly isLeft: boolean;
}

export interface CacheSurvey {
  /** Least recently used first. */
  entries: readonly SurveyedEntry[];
  /** Directories of no kind that this version knows. */
  unknown: readonly { name: string; bytes: number }[];
}

/** Looks at all that lies in a work directory's `cache/`, and changes nothing. */
export async function surveyCache(cacheDirectory: string, signal: AbortSignal): Promise<CacheSurvey> {
  const kinds: readonly CacheKind[] = Object.values(cacheKinds);
  const entries = (await mapParallel(kinds, (kind) => entriesOf(cacheDirectory, kind))).flat();
  const known = new Set(kinds.map(({ name }) => name));
  const others = (await namesIn(cacheDirectory)).filter((name) => !known.has(name));
  const isOther = await mapParallel(others, (name) => isDirectory(join(cacheDirectory, name)));
  const unknown = others.filter((_, index) => isOther[index]);
  const paths = [
    ...entries.map(({ kind, name }) => join(cacheDirectory, kind.name, name)),
    ...unknown.map((name) => join(cacheDirectory, name)),
  ];
  const sizes = await diskUsage(paths, signal);
  return {
    entries: entries.map((entry, index) => ({ ...entry, bytes: sizes[index] ?? 0 })).sort((a, b) => a.used - b.used),
    unknown: unknown.map((name, index) => ({ name, bytes: sizes[entries.length + index] ?? 0 })),
  };
}

/** What lies in one kind's directory; of leases those that are held count as in use, with all that is in them. */
async function entriesOf(cacheDirectory: string, kind: CacheKind): Promise<SurveyedEntry[]> {
  const directory = join(cacheDirectory, kind.name);
  const leases = await mapParallel(await listScratches(directory), async (path) => ({
    path,
    name: path.slice(directory.length + 1),
    isInUse: await isScratchInUse(path),
  }));
  const held = leases.filter(({ isInUse }) => isInUse).map(({ path }) => path);
  const kept = await listEntries(directory, held);
  const temporaries = (await namesIn(directory)).filter(isTemporaryName);
  const unfinished = [...leases, ...temporaries.map((name) => ({ name, isInUse: false }))];
  return [
    ...kept.map((entry) => ({ ...entry, kind, isLeft: false })),
    ...unfinished.map(({ name, isInUse }) => ({ name, isInUse, kind, used: 0, bytes: 0, isLeft: !isInUse })),
  ];
}
