import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { MergedKeyTable, MergeRule } from '../../src/config/key-table.ts';
import { joined, mergeDeep, mergeValues } from '../../src/config/merge.ts';
import { valueType } from '../../src/config/value-types.ts';

const key = (merge: MergeRule, more: { default?: string[] } = {}) => ({
  type: valueType('anything', z.unknown()),
  merge,
  family: 'any' as const,
  description: '',
  example: '',
  ...more,
});
const table: MergedKeyTable = {
  replace: key('replace'),
  append: key('append'),
  joined: key('joined'),
  set: key('set'),
  map: key('map'),
  defaulted: key('joined', { default: ['d'] }),
};

describe('mergeValues', () => {
  test('merges by rule, strongest file first', () => {
    const strong = { replace: 1, append: ['c'], joined: ['b', 'c', 'b'], set: ['z', 'b'], map: { x: 1 } };
    const weak = {
      replace: 2,
      append: ['a', 'c'],
      joined: ['a', 'b', 'a'],
      set: ['b', 'a'],
      map: { x: 2, y: 2 },
      defaulted: ['e'],
    };
    expect(mergeValues(table, [strong, weak])).toEqual({
      replace: 1,
      append: ['a', 'c', 'c'],
      joined: ['b', 'c', 'b', 'a', 'a'],
      set: ['a', 'b', 'z'],
      map: { x: 1, y: 2 },
      defaulted: ['e'],
    });
  });

  test('gives defaults, and leaves out what has none', () => {
    expect(mergeValues(table, [{}, {}])).toEqual({ defaulted: ['d'] });
  });

  test('false, 0 and the empty string are values', () => {
    expect(mergeValues(table, [{ replace: false }, { replace: true }])).toMatchObject({ replace: false });
  });

  test('does not depend on how the files are grouped', () => {
    const list = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 4 });
    const values = fc.record(
      { replace: fc.nat(), append: list, joined: list, map: fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.nat()) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(values, values, values, (a, b, c) => {
        const { defaulted: _, ...bare } = table;
        const merge = (...files: Record<string, unknown>[]) => mergeValues(bare, files);
        expect(merge(merge(a, b), c)).toEqual(merge(a, b, c));
        expect(merge(a, merge(b, c))).toEqual(merge(a, b, c));
      }),
    );
  });
});

describe('mergeDeep', () => {
  test('merges maps key by key and lists without duplicates', () => {
    expect(
      mergeDeep({ a: { c: [2, 3], f: null }, d: 'strong', e: 'text' }, { a: { b: 1, c: [1, 2] }, d: 'weak', e: [1] }),
    ).toEqual({ a: { b: 1, c: [2, 3, 1], f: null }, d: 'strong', e: 'text' });
  });

  test('with itself changes nothing but doubled list items; on nothing it is the value itself', () => {
    const json = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, fc.string(), fc.integer(), tie('list'), tie('map')),
      list: fc.uniqueArray(fc.string()),
      map: fc.dictionary(fc.string(), tie('value')),
    })).map;
    fc.assert(
      fc.property(json as fc.Arbitrary<Record<string, string>>, (value) => {
        expect(mergeDeep(value, value)).toEqual(value);
        expect(mergeDeep(value, undefined)).toEqual(value);
        expect(mergeDeep(value, {})).toEqual(value);
      }),
    );
  });
});

test('lists are joined by what their items say, whatever the order of their keys', () => {
  expect(joined<unknown>([{ a: 1, b: 2 }, 'x', 'x'], [{ b: 2, a: 1 }, ['x']])).toEqual([
    { a: 1, b: 2 },
    'x',
    'x',
    ['x'],
  ]);
});
