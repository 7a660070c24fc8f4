import { expect, it } from 'vitest';
import type { ChangelogEntry } from '../../../src/contract/changelogs.ts';
import { changelogChanges } from '../../../src/workspace/containers/changelog-changes.ts';

const entry = (date: number): ChangelogEntry => ({ version: `${date}`, author: 'a', date, text: `t${date}` });
const changelog = (...dates: number[]) => new Map([['s', dates.map(entry)]]);
const upgraded = [{ name: 'p', from: '1', to: '2' }];
const packages = [{ name: 'p', architecture: 'amd64', source: 's' }];

it.each([
  ['what is new since', [2, 1], [4, 3, 2, 1], [4, 3], true],
  ['nothing of packages that were only built again', [2, 1], [2, 1], [], true],
  ['all, where nothing was known', [], [4, 3], [4, 3], false],
  ['what is younger, where the last one is too long ago', [1], [4, 3], [4, 3], false],
  ['what is younger, where the last one was taken back', [3, 1], [4, 2, 1], [4], true],
  ['nothing, where nothing is there', [1], [], [], false],
])('tells %s', (_what, before, after, dates, complete) => {
  const [changes] = changelogChanges(upgraded, packages, changelog(...before), changelog(...after));
  expect(changes).toEqual({ source: 's', packages: upgraded, entries: dates.map(entry), complete });
});

it('groups packages by their source, of each architecture', () => {
  const changes = changelogChanges(
    ['libx:amd64', 'libx:i386', 'x', 'alone'].map((name) => ({ name, from: '1', to: '2' })),
    [
      { name: 'libx', architecture: 'amd64', source: 'x' },
      { name: 'libx', architecture: 'i386', source: 'x' },
      { name: 'x', architecture: 'amd64', source: 'x' },
    ],
    new Map(),
    new Map(),
  );
  expect(changes.map(({ source, packages: own }) => [source, own.map(({ name }) => name)])).toEqual([
    ['alone', ['alone']],
    ['x', ['libx:amd64', 'libx:i386', 'x']],
  ]);
});
