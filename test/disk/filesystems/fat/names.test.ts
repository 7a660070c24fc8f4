import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fatNames } from '../../../../src/disk/filesystems/fat/names.ts';

const shortNames = (names: readonly string[]) => names.map((name) => fatNames(names).get(name)?.short);

describe('fatNames', () => {
  it('gives the lowest number that is free, also where names begin alike without being alike', () => {
    const names = ['ABCDEFG~1', 'abcdefgh.long', 'abcdefxy.long', 'ABCDEF~3.LON', 'abcdefgh.longer', 'x y'];
    expect(shortNames(names)).toEqual([
      'ABCDEF~1   ',
      'ABCDEF~1LON',
      'ABCDEF~2LON',
      'ABCDEF~3LON',
      'ABCDEF~4LON',
      'XY~1       ',
    ]);
  });

  it('gives each name one that no other has', () => {
    const name = fc.stringMatching(/^[ab~1]{1,9}(\.[ab]{1,4})?$/);
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 200 }), (names) => {
        const given = [...fatNames(names).values()].map(({ short }) => short);
        expect(new Set(given).size).toBe(names.length);
        for (const short of given) expect(short).toHaveLength(11);
      }),
      { numRuns: 50 },
    );
  });

  it('is done with a full directory of names that begin alike', () => {
    const names = Array.from({ length: 60_000 }, (_, index) => `same${index.toString(36).padStart(4, '0')}long`);
    expect(new Set([...fatNames(names).values()].map(({ short }) => short)).size).toBe(names.length);
  });
});
