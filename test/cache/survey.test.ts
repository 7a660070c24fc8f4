import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openCache } from '../../src/cache/cache.ts';
import { cacheKinds } from '../../src/cache/kinds.ts';
import { surveyCache } from '../../src/cache/survey.ts';

const { signal } = new AbortController();

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-survey-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

test('tells what is kept, what is in use, what is left and what nobody knows, and changes nothing', async () => {
  const top = await temporaryDirectory();
  await using packages = await openCache(top, cacheKinds.packages);
  await packages.writeText('used.deb', 'x'.repeat(50_000));
  await packages.writeText('free.deb', '');
  await utimes(join(top, 'packages/free.deb'), 1000, 1000);
  await packages.use(['used.deb']);
  await mkdir(join(top, 'scratch/.cosa-abcdef'), { recursive: true });
  await mkdir(join(top, 'lock'));
  await writeFile(join(top, 'lock/.x.json.1-01234567.tmp'), 'of an older version');
  await mkdir(join(top, 'of-tomorrow'));
  await writeFile(join(top, 'build.lock'), '');
  const before = await readdir(top, { recursive: true });

  const { entries, unknown } = await surveyCache(top, signal);
  const described = entries.map(({ kind, name, isInUse, isLeft }) => {
    const shown = name.startsWith('.cosa-') ? 'a lease' : name;
    return `${kind.name} ${shown}${isInUse ? ' in use' : ''}${isLeft ? ' left' : ''}`;
  });
  expect(described.sort()).toEqual([
    'lock .x.json.1-01234567.tmp left',
    'packages a lease in use',
    'packages free.deb',
    'packages used.deb in use',
    'scratch a lease left',
  ]);
  expect(entries.find(({ name }) => name === 'used.deb')?.bytes).toBeGreaterThanOrEqual(50_000);
  expect(entries.map(({ used }) => used)).toEqual(entries.map(({ used }) => used).sort((a, b) => a - b));
  expect(unknown.map(({ name }) => name)).toEqual(['of-tomorrow']);
  const after = (await readdir(top, { recursive: true })).filter((name) => !name.endsWith('in-use.lock'));
  expect(after.sort()).toEqual(before.filter((name) => !name.endsWith('in-use.lock')).sort());
});

test('finds nothing where there is no cache', async () => {
  expect(await surveyCache(join(await temporaryDirectory(), 'cache'), signal)).toEqual({ entries: [], unknown: [] });
});
