import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  emptyBuildsList,
  type ListedBuild,
  parseBuildsList,
  withBuild,
} from '../../../src/publish/legacy/builds-list.ts';

const build = (id: string, architecture = 'x86_64', day = 1): ListedBuild => ({
  id,
  architecture,
  timestamp: `2026-01-${String(day).padStart(2, '0')}T00:00:00Z`,
});

const ids = (builds: readonly ListedBuild[]) =>
  builds.reduce(withBuild, emptyBuildsList()).builds.map(({ id, arches }) => `${id} ${arches.join('+')}`);

describe('withBuild', () => {
  it('has the newest version first, in whatever order they are put in', () => {
    expect(ids([build('41.9'), build('41.10'), build('41.8'), build('40.99')])).toEqual([
      '41.10 x86_64',
      '41.9 x86_64',
      '41.8 x86_64',
      '40.99 x86_64',
    ]);
  });

  it('gives a build its architectures in the order in which they come', () => {
    expect(ids([build('1', 'x86_64'), build('2'), build('1', 'aarch64')])).toEqual(['2 x86_64', '1 x86_64+aarch64']);
  });

  it('leaves the order of others alone, and what it does not know of them', () => {
    const text = JSON.stringify({
      'schema-version': '1.2.0',
      builds: [
        { id: 'b', arches: ['x86_64'], 'policy-cleanup': { images: true } },
        { id: 'z', arches: [] },
      ],
      timestamp: '2030-01-01T00:00:00Z',
      'tombstone-builds': [{ id: 'old' }],
    });
    expect(withBuild(parseBuildsList(text, 'builds.json'), build('c'))).toEqual({
      'schema-version': '1.2.0',
      builds: [
        { id: 'c', arches: ['x86_64'] },
        { id: 'b', arches: ['x86_64'], 'policy-cleanup': { images: true } },
        { id: 'z', arches: [] },
      ],
      timestamp: '2030-01-01T00:00:00Z',
      'tombstone-builds': [{ id: 'old' }],
    });
  });

  it('loses none, changes nothing the second time, and tells the time of the newest', () => {
    const anyBuild = fc.record({
      id: fc.stringMatching(/^[0-9]{1,2}\.[0-9]{1,2}$/),
      architecture: fc.constantFrom('x86_64', 'aarch64'),
      day: fc.integer({ min: 1, max: 28 }),
    });
    fc.assert(
      fc.property(fc.array(anyBuild, { maxLength: 12 }), (all) => {
        const builds = all.map(({ id, architecture, day }) => build(id, architecture, day));
        const list = builds.reduce(withBuild, emptyBuildsList());
        for (const { id, architecture } of builds) {
          expect(list.builds.filter((entry) => entry.id === id && entry.arches.includes(architecture))).toHaveLength(1);
        }
        expect(builds.reduce(withBuild, list)).toBe(list);
        const sorted = (order: readonly ListedBuild[]) =>
          order.reduce(withBuild, emptyBuildsList()).builds.map(({ id }) => id);
        expect(sorted(builds.toReversed())).toEqual(sorted(builds));
      }),
      { numRuns: 200 },
    );
  });
});

describe('parseBuildsList', () => {
  const bad: readonly [text: string, code: string, message: string][] = [
    ['{"builds": [', 'LEGACY_RECORD_INVALID', 's3://b/builds.json is no list of builds: it is not JSON'],
    [
      '[]',
      'LEGACY_RECORD_INVALID',
      's3://b/builds.json is no list of builds: Invalid input: expected object, received array',
    ],
    [
      '{"schema-version": "2.0.0", "builds": "new"}',
      'LEGACY_RECORD_NEWER',
      's3://b/builds.json has schema version 2.0.0; version 1 is understood',
    ],
    [
      '{"schema-version": "1.0.0", "builds": [{"id": "../../etc", "arches": []}]}',
      'LEGACY_RECORD_INVALID',
      's3://b/builds.json is no list of builds: builds.0.id: is no name of a build or an architecture',
    ],
    [
      '{"schema-version": "1.0.0", "builds": [{"id": "1", "arches": ["x/y"]}]}',
      'LEGACY_RECORD_INVALID',
      's3://b/builds.json is no list of builds: builds.0.arches.0: is no name of a build or an architecture',
    ],
    [
      '{"schema-version": "one", "builds": []}',
      'LEGACY_RECORD_INVALID',
      's3://b/builds.json is no list of builds: schema-version: is no version',
    ],
  ];
  it.each(bad)('refuses %s', (text, code, message) => {
    expect(() => parseBuildsList(text, 's3://b/builds.json')).toThrow(
      expect.objectContaining({ code, exitStatus: 4, message }),
    );
  });

  it('says where a text stops being JSON', () => {
    expect(() => parseBuildsList('{\n  "builds": [}', 'builds.json')).toThrow(
      expect.objectContaining({ where: { file: 'builds.json', line: 2, column: 14 } }),
    );
  });
});
