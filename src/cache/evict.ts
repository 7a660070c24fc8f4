import type { CacheEntry } from './entries.ts';
import type { CacheKind } from './kinds.ts';

/**
 * The names of what has to go so that a kind keeps to its bounds: the least recently used first, nothing that is in use.
 * @param entries least recently used first
 */
export function beyondBounds(
  { mostEntries, mostBytes = Number.POSITIVE_INFINITY }: Pick<CacheKind, 'mostEntries' | 'mostBytes'>,
  entries: readonly CacheEntry[],
): string[] {
  return oldestUntil(entries, (count, bytes) => count <= mostEntries && bytes <= mostBytes).map(({ name }) => name);
}

/**
 * The least recently used of some entries, as many as have to go until `isEnough` says of the number and bytes of what
 * is left that it may stay; nothing that is in use, so that it may never say so.
 * @param entries least recently used first
 */
export function oldestUntil<Entry extends Pick<CacheEntry, 'bytes' | 'isInUse'>>(
  entries: readonly Entry[],
  isEnough: (count: number, bytes: number) => boolean,
): Entry[] {
  let count = entries.length;
  let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  const gone: Entry[] = [];
  for (const entry of entries) {
    if (isEnough(count, bytes)) break;
    if (entry.isInUse) continue;
    gone.push(entry);
    count -= 1;
    bytes -= entry.bytes;
  }
  return gone;
}
