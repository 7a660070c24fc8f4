import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  matchesPattern,
  type Need,
  planRetention,
  protectingTags,
  type RetainedItem,
} from '../../../src/publish/retention/plan.ts';
import type { RetentionPolicy, RetentionRules } from '../../../src/publish/retention/policy.ts';

const day = 24 * 60 * 60 * 1000;
const now = Date.UTC(2026, 0, 31);

const policyOf = (rules: RetentionRules, streams: Record<string, RetentionRules> = {}): RetentionPolicy => ({
  places: [],
  expiringTags: [],
  rules,
  streams: new Map(Object.entries(streams)),
});

/** A build that was made so many days ago. */
function item(id: string, days: number | undefined, more: Partial<RetainedItem> = {}): RetainedItem {
  return {
    id,
    keys: [id],
    place: 'oci',
    kind: 'container',
    name: id,
    stream: 'stable',
    version: id,
    created: days === undefined ? undefined : now - days * day,
    tags: [id],
    isBuild: true,
    pinned: [],
    needs: [],
    ...more,
  };
}

const needs = (...keys: string[]): readonly Need[] => keys.map((key) => ({ key, why: `needed as ${key}` }));

function plan(policy: RetentionPolicy, ...items: readonly RetainedItem[]) {
  const { kept, removed } = planRetention(policy, items, now);
  const shown = (verdicts: typeof kept) =>
    Object.fromEntries(verdicts.map(({ item: { id }, reasons }) => [id, reasons]));
  return { kept: shown(kept), removed: shown(removed), order: removed.map(({ item: { id } }) => id) };
}

describe('planRetention', () => {
  it('keeps the last of each stream and place, and says why the others go', () => {
    const { kept, removed } = plan(
      policyOf({ last: 1 }, { testing: { last: 2 } }),
      item('1', 30),
      item('2', 20),
      item('t1', 30, { stream: 'testing' }),
      item('t2', 20, { stream: 'testing' }),
      item('r1', 30, { place: 'registry' }),
    );
    expect(kept).toEqual({
      2: ['it is among the last 1 of stable'],
      t1: ['it is among the last 2 of testing'],
      t2: ['it is among the last 2 of testing'],
      r1: ['it is among the last 1 of stable'],
    });
    expect(removed).toEqual({ 1: ['it is not among the last 1 of stable', 'nothing that stays needs it'] });
  });

  it('counts a version once, whatever its architectures', () => {
    const arm = item('2-arm', 20, { version: '2' });
    expect(plan(policyOf({ last: 2 }), item('1', 30), item('2', 20), arm, item('0', 40)).order).toEqual(['0']);
  });

  it('keeps what is young, and what has a tag like one that is to stay', () => {
    const { kept, removed } = plan(
      policyOf({ days: 14, tags: ['lts-*'] }),
      item('1', 14),
      item('2', 13),
      item('3', 100, { tags: ['3', 'lts-2025'] }),
    );
    expect(kept).toEqual({ 2: ['it is younger than 14 days'], 3: ['it has a tag like "lts-*"'] });
    expect(removed).toEqual({ 1: ['it is 14 days old', 'nothing that stays needs it'] });
  });

  it('keeps what does not say when it was made, and lets nothing of the future take a place', () => {
    expect(plan(policyOf({ last: 1 }), item('1', 30), item('2', undefined), item('3', -400))).toEqual({
      kept: {
        1: ['it is among the last 1 of stable'],
        2: ['it does not say when it was made'],
        3: ['it says that it is made in the future'],
      },
      removed: {},
      order: [],
    });
  });

  it('keeps everything of a stream that no rule is about', () => {
    const { kept, order } = plan(
      policyOf({}, { testing: { last: 0 } }),
      item('1', 30),
      item('t', 30, { stream: 'testing' }),
    );
    expect(kept).toEqual({ 1: ['no rule is about its stream'] });
    expect(order).toEqual(['t']);
  });

  it('keeps what is needed, however far away and in whatever place', () => {
    const { kept, order } = plan(
      policyOf({ last: 0 }),
      item('release', 90, { place: 's3', pinned: ['the stream stable offers it'], needs: needs('index') }),
      item('index', 90, { needs: needs('image', 'gone') }),
      item('image', 90, { isBuild: false, needs: needs('base') }),
      item('base', 400),
      item('other', 400),
    );
    expect(kept).toEqual({
      release: ['the stream stable offers it'],
      index: ['needed as index'],
      image: ['needed as image'],
      base: ['needed as base'],
    });
    expect(order).toEqual(['other']);
  });

  it('removes what needs something before that, and survives circles', () => {
    const { order } = plan(
      policyOf({ last: 0 }),
      item('image', 1, { isBuild: false, needs: needs('base') }),
      item('base', 400),
      item('index', 90, { needs: needs('image', 'index') }),
    );
    expect(order).toEqual(['index', 'image', 'base']);
    const circle = [item('a', 1, { needs: needs('b') }), item('b', 2, { needs: needs('a') })];
    expect(plan(policyOf({ last: 0 }), ...circle).order.toSorted()).toEqual(['a', 'b']);
  });

  it('takes no longer for chains as long as anybody likes', () => {
    const chain = Array.from({ length: 20_000 }, (_, index) =>
      item(`${index}`, index, { needs: needs(`${index + 1}`) }),
    );
    expect(plan(policyOf({ last: 0 }), ...chain).order).toHaveLength(20_000);
    expect(plan(policyOf({ last: 1 }), ...chain).order).toHaveLength(0);
  });

  const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const anyItem = (id: string) =>
    fc
      .record({
        days: fc.option(fc.integer({ min: -3, max: 50 }), { nil: undefined }),
        place: fc.constantFrom('oci', 'registry'),
        stream: fc.constantFrom('stable', 'testing', undefined),
        version: fc.constantFrom('1', '2', '3', undefined),
        tags: fc.subarray(['1', '2', 'lts', 'pr-1']),
        isBuild: fc.boolean(),
        pinned: fc.constantFrom<readonly string[]>([], [], [], ['it has the tag "stable"']),
        needed: fc.subarray([...ids, 'shared']),
        isShared: fc.boolean(),
      })
      .map(({ days, needed, isShared, ...rest }) =>
        item(id, days, { ...rest, keys: isShared ? [id, 'shared'] : [id], needs: needs(...needed) }),
      );
  const items = fc.tuple(...ids.map(anyItem)).chain((all) => fc.subarray(all));
  const rules = fc.record({
    last: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
    days: fc.option(fc.integer({ min: 0, max: 30 }), { nil: undefined }),
    tags: fc.option(fc.subarray(['l*', '?']), { nil: undefined }),
  });

  it('removes nothing that anything that stays needs, nothing pinned and nothing that a rule keeps', () => {
    fc.assert(
      fc.property(items, rules, rules, (all, own, testing) => {
        const policy = policyOf(own, { testing });
        const { kept, removed } = planRetention(policy, all, now);
        expect(kept.length + removed.length).toBe(all.length);
        const gone = new Set(removed.map(({ item: { id } }) => id));
        const goneKeys = new Set(removed.flatMap(({ item: { keys } }) => keys));
        for (const { item: stays, reasons } of kept) {
          expect(reasons.length).toBeGreaterThan(0);
          for (const { key } of stays.needs)
            if (key !== 'shared' || !stays.keys.includes('shared')) expect(goneKeys).not.toContain(key);
        }
        for (const { item: goes, reasons } of removed) {
          const { last, days, tags } = goes.stream === 'testing' ? testing : own;
          expect(reasons).toContain('nothing that stays needs it');
          expect(goes.pinned).toEqual([]);
          if (!goes.isBuild) continue;
          expect([last, days, tags]).not.toEqual([undefined, undefined, undefined]);
          if (last !== undefined || days !== undefined) expect(goes.created).toBeDefined();
          const age = goes.created === undefined ? Infinity : (now - goes.created) / day;
          if (days !== undefined) expect(age).toBeGreaterThanOrEqual(days);
          for (const pattern of tags ?? [])
            for (const tag of goes.tags) expect(matchesPattern(pattern, tag)).toBe(false);
          const newer = new Set(
            all
              .filter(({ place, stream, isBuild }) => isBuild && place === goes.place && stream === goes.stream)
              .filter(
                ({ id, created = -Infinity }) =>
                  created >= (goes.created ?? 0) && created <= now + day && id !== goes.id,
              )
              .map(({ id, version }) => version ?? id),
          );
          expect(newer.size).toBeGreaterThanOrEqual(last ?? 0);
        }
        expect(gone.size).toBe(removed.length);
      }),
      { numRuns: 1000 },
    );
  });

  it('removes in an order in which nothing names what is gone, and the same whatever the order of what there is', () => {
    fc.assert(
      fc.property(items, rules, fc.infiniteStream(fc.nat(7)), (all, own, positions) => {
        // Only where nothing goes in circles: needs lead to what comes later in the alphabet.
        const straight = all.map((one) => ({
          ...one,
          keys: [one.id],
          needs: one.needs.filter(({ key }) => key > one.id),
        }));
        const { removed } = planRetention(policyOf(own), straight, now);
        const order = removed.map(({ item: { id } }) => id);
        for (const { item: goes } of removed) {
          for (const { key } of goes.needs)
            if (order.includes(key)) expect(order.indexOf(key)).toBeGreaterThan(order.indexOf(goes.id));
        }
        const shuffled: RetainedItem[] = [...straight];
        for (const index of shuffled.keys()) {
          const other = (positions.next().value ?? 0) % shuffled.length;
          [shuffled[index], shuffled[other]] = [shuffled[other] as RetainedItem, shuffled[index] as RetainedItem];
        }
        const again = planRetention(policyOf(own), shuffled, now);
        expect(again.removed.map(({ item: { id } }) => id)).toEqual(order);
      }),
      { numRuns: 500 },
    );
  });
});

describe('matchesPattern', () => {
  it.each([
    ['*', '', true],
    ['lts-*', 'lts-1', true],
    ['lts-*', 'lts', false],
    ['?.?', '1.2', true],
    ['?.?', '1.23', false],
    ['*.1', '13.1.1', true],
    ['a.c', 'abc', false],
    ['**', 'x', true],
    ['', '', true],
    ['', 'x', false],
  ])('%j for %j is %j', (pattern, text, expected) => {
    expect(matchesPattern(pattern, text)).toBe(expected);
  });

  it('agrees with a regular expression', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
    fc.assert(
      fc.property(letters, text, (pattern, subject) => {
        const expression = new RegExp(`^${pattern.replace(/\*+/g, '.*').replaceAll('?', '.')}$`);
        expect(matchesPattern(pattern, subject)).toBe(expression.test(subject));
      }),
    );
  });
});

it('protectingTags leaves out those that keep nothing', () => {
  expect(protectingTags(['stable', 'pr-2', 'pr-1', 'x'], ['pr-*', '?'])).toEqual(['stable']);
});
