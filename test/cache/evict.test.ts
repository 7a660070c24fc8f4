import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CacheEntry } from '../../src/cache/entries.ts';
import { beyondBounds, oldestUntil } from '../../src/cache/evict.ts';

/** Least recently used first. */
const entries = fc
  .array(fc.record({ bytes: fc.nat(1000), isInUse: fc.boolean() }), { maxLength: 30 })
  .map((list): CacheEntry[] => list.map((entry, index) => ({ ...entry, name: `entry-${index}`, used: index })));
const bounds = fc.record({ mostEntries: fc.nat(30), mostBytes: fc.nat(20_000) });

const bytesOf = (list: readonly CacheEntry[]) => list.reduce((sum, { bytes }) => sum + bytes, 0);

describe('eviction', () => {
  it('takes nothing that is in use, and stops only where the rest is within the bounds or in use', () => {
    fc.assert(
      fc.property(entries, bounds, (all, { mostEntries, mostBytes }) => {
        const gone = new Set(beyondBounds({ mostEntries, mostBytes }, all));
        const rest = all.filter(({ name }) => !gone.has(name));
        expect(all.filter(({ name, isInUse }) => isInUse && gone.has(name))).toEqual([]);
        const isWithin = rest.length <= mostEntries && bytesOf(rest) <= mostBytes;
        expect(isWithin || rest.every(({ isInUse }) => isInUse)).toBe(true);
      }),
    );
  });

  it('takes the least recently used, and no more of them than it has to', () => {
    fc.assert(
      fc.property(entries, bounds, (all, { mostEntries, mostBytes }) => {
        const isEnough = (count: number, bytes: number) => count <= mostEntries && bytes <= mostBytes;
        const gone = oldestUntil(all, isEnough);
        const free = all.filter(({ isInUse }) => !isInUse);
        expect(gone).toEqual(free.slice(0, gone.length));
        const oneLess = all.filter((entry) => !gone.slice(0, -1).includes(entry));
        if (gone.length > 0) expect(isEnough(oneLess.length, bytesOf(oneLess))).toBe(false);
      }),
    );
  });

  it('knows no bound of bytes where a kind has none', () => {
    const all = [1e15, 1e15].map((bytes, used) => ({ name: `${used}`, used, bytes, isInUse: false }));
    expect(beyondBounds({ mostEntries: 2 }, all)).toEqual([]);
    expect(beyondBounds({ mostEntries: 1 }, all)).toEqual(['0']);
  });
});
