import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PlannedComponent } from '../../src/layers/group.ts';
import { planLayers } from '../../src/layers/plan.ts';

const day = 24 * 3600;
const now = 1_700_000_000;

const component: fc.Arbitrary<PlannedComponent> = fc.record({
  name: fc.stringMatching(/^[a-z]{1,6}$/),
  size: fc.nat(200_000_000),
  changed: fc.oneof(fc.constant(0), fc.integer({ min: now - 4000 * day, max: now })),
});
const componentSet = fc.uniqueArray(component, { selector: ({ name }) => name, minLength: 1, maxLength: 60 });
const maxLayers = fc.integer({ min: 1, max: 20 });

describe('planLayers', () => {
  it('puts every component in exactly one layer, within the limit, without empty layers', () => {
    fc.assert(
      fc.property(componentSet, componentSet, maxLayers, maxLayers, (before, after, limitBefore, limit) => {
        const previous = planLayers({ components: before, previous: [], maxLayers: limitBefore });
        const plan = planLayers({ components: after, previous, maxLayers: limit });
        expect(plan.flat().sort()).toEqual(after.map(({ name }) => name).sort());
        expect(plan.length).toBeLessThanOrEqual(limit);
        expect(plan.every((layer) => layer.length > 0)).toBe(true);
      }),
    );
  });

  it('does not depend on the order of the components', () => {
    fc.assert(
      fc.property(componentSet, maxLayers, fc.integer(), (components, limit, seed) => {
        const shuffled = components.toSorted((a, b) => hash(a.name, seed) - hash(b.name, seed));
        const plan = planLayers({ components, previous: [], maxLayers: limit });
        expect(planLayers({ components: shuffled, previous: [], maxLayers: limit })).toEqual(plan);
      }),
    );
  });

  it('stays as it is, whatever becomes of sizes and dates', () => {
    fc.assert(
      fc.property(componentSet, componentSet, maxLayers, (components, others, limit) => {
        const previous = planLayers({ components, previous: [], maxLayers: limit });
        const changed = components.map((one, index) => ({ ...one, ...others[index], name: one.name }));
        expect(planLayers({ components: changed, previous, maxLayers: limit })).toEqual(previous);
      }),
    );
  });

  it('moves nothing when components go', () => {
    fc.assert(
      fc.property(componentSet, maxLayers, fc.nat(), (components, limit, seed) => {
        const previous = planLayers({ components, previous: [], maxLayers: limit });
        const left = components.filter(({ name }) => hash(name, seed) % 3 !== 0);
        const names = new Set(left.map(({ name }) => name));
        const expected = previous
          .map((layer) => layer.filter((name) => names.has(name)))
          .filter(({ length }) => length > 0);
        expect(planLayers({ components: left, previous, maxLayers: limit })).toEqual(expected);
      }),
    );
  });

  it('moves none of the old components when a few new ones come', () => {
    fc.assert(
      fc.property(componentSet, component, maxLayers, (components, added, limit) => {
        fc.pre(components.every(({ name }) => name !== added.name));
        const previous = planLayers({ components, previous: [], maxLayers: limit });
        const plan = planLayers({ components: [...components, added], previous, maxLayers: limit });
        const without = plan
          .map((layer) => layer.filter((name) => name !== added.name))
          .filter(({ length }) => length > 0);
        expect(without).toEqual(previous);
      }),
    );
  });

  const stable = { changed: now - 1000 * day };
  it('gives each its own layer where there is room', () => {
    const components = ['b', 'a', 'c'].map((name) => ({ name, size: 1, ...stable }));
    expect(planLayers({ components, previous: [], maxLayers: 5 })).toEqual([['a'], ['b'], ['c']]);
  });

  it('keeps the large and the frequent apart, and joins what is small and stable', () => {
    const components = [
      { name: 'kernel', size: 100_000_000, changed: now },
      { name: 'firmware', size: 300_000_000, ...stable },
      { name: 'initramfs', size: 60_000_000, changed: 0 },
      { name: 'tool-a', size: 100_000, ...stable },
      { name: 'tool-b', size: 200_000, ...stable },
      { name: 'tool-c', size: 300_000, ...stable },
    ];
    expect(planLayers({ components, previous: [], maxLayers: 4 })).toEqual([
      ['firmware'],
      ['initramfs'],
      ['kernel'],
      ['tool-a', 'tool-b', 'tool-c'],
    ]);
  });

  it('puts a new component into a free layer first, then where it costs least', () => {
    const components = [
      { name: 'big', size: 500_000_000, ...stable },
      { name: 'small', size: 1000, changed: now },
      { name: 'new', size: 5000, changed: now },
    ];
    const previous = [['small'], ['big']];
    expect(planLayers({ components, previous, maxLayers: 3 })).toEqual([['small'], ['big'], ['new']]);
    expect(planLayers({ components, previous, maxLayers: 2 })).toEqual([['new', 'small'], ['big']]);
  });

  it('plans afresh when most components are new', () => {
    const components = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, size: 1000, ...stable }));
    const plan = planLayers({ components, previous: [['a', 'b']], maxLayers: 5 });
    expect(plan).toEqual([['a'], ['b'], ['c'], ['d'], ['e']]);
  });

  it('merges kept layers if fewer are allowed than before', () => {
    const components = ['a', 'b', 'c'].map((name) => ({ name, size: 1000, ...stable }));
    const plan = planLayers({ components, previous: [['a'], ['b'], ['c']], maxLayers: 2 });
    expect(plan).toHaveLength(2);
  });

  it('plans nothing for nothing', () => {
    expect(planLayers({ components: [], previous: [], maxLayers: 3 })).toEqual([]);
  });
});

/** A number that depends on the name and the seed alone. */
function hash(name: string, seed: number): number {
  return [...name].reduce((sum, letter) => (Math.imul(sum, 31) + (letter.codePointAt(0) ?? 0)) >>> 0, seed >>> 0);
}
