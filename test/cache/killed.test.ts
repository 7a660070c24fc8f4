import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { openCache } from '../../src/cache/cache.ts';
import { directoryCache } from '../../src/cache/directories.ts';
import { type CacheKind, cacheKinds } from '../../src/cache/kinds.ts';
import { surveyCache } from '../../src/cache/survey.ts';
import { lockFile } from '../../src/exec/lock.ts';
import { start } from '../../src/exec/run.ts';
import { listScratches } from '../../src/exec/scratch.ts';

const node = { name: process.execPath, packages: { deb: 'nodejs', rpm: 'nodejs' }, purpose: 'runs the test' };
const { signal } = new AbortController();
const kinds: readonly CacheKind[] = [cacheKinds.roots, cacheKinds.lock];

/** Runs a process that uses the cache, and kills it as soon as it has said so many words, wherever it is then. */
async function useUntilKilled(top: string, seed: number, words: number): Promise<void> {
  const args = ['--import', 'tsx', join(import.meta.dirname, 'cache-user.ts'), top, String(seed)];
  const user = await start(node, args);
  const said: string[] = [];
  for await (const line of createInterface({ input: user.stdout })) {
    if (said.push(line) === words) process.kill(user.pid, 'SIGKILL');
  }
  await user.done.catch(() => undefined);
  expect(said.filter((line) => line.startsWith('broken'))).toEqual([]);
  expect(said.length).toBeGreaterThanOrEqual(words);
}

/** What a killed process held is free once its helper has seen that it is gone. */
async function waitForLocks(directory: string): Promise<void> {
  const locks = (await readdir(directory))
    .filter((name) => name.endsWith('.lock'))
    .map((name) => join(directory, name));
  const leases = (await listScratches(directory)).map((path) => join(path, 'in-use.lock'));
  for (const path of [...locks, ...leases]) {
    await (await lockFile(path))[Symbol.asyncDispose]();
  }
}

test('whoever is killed while filling, using and evicting, nothing is broken and nothing piles up', async () => {
  const top = await mkdtemp(join(tmpdir(), 'cosa-cache-'));
  onTestFinished(() => rm(top, { recursive: true, force: true }));
  const worker = async (number: number) => {
    for (let round = 0; round < 4; round++) await useUntilKilled(top, number * 100 + round, 5 + ((number + round) % 7));
  };
  await Promise.all([1, 2, 3].map(worker));

  for (const kind of kinds) await waitForLocks(join(top, kind.name));
  const { entries } = await surveyCache(top, signal);
  // Every process was killed, and each has tidied up behind those before it: no more is left than a few leave at once.
  expect(entries.filter(({ isLeft }) => isLeft).length).toBeLessThanOrEqual(3 * kinds.length);
  expect(entries.filter(({ isInUse }) => isInUse)).toEqual([]);
  for (const kind of kinds) {
    await using cache = await openCache(top, kind);
    await cache.trim();
  }
  const left = await readdir(join(top, 'roots'));
  expect(left.filter((name) => name.startsWith('.')).sort()).toEqual(['.filling.lock', '.lock']);
  expect((await readdir(join(top, 'lock'))).filter((name) => !name.startsWith('text-'))).toEqual(['.lock']);
  const trees = left.filter((name) => !name.startsWith('.'));
  expect(trees.length).toBeLessThanOrEqual(cacheKinds.roots.mostEntries);
  await using cache = directoryCache(top, cacheKinds.roots, { signal, events: () => undefined });
  for (const name of trees) expect(await cache.find(name), name).toBeDefined();
}, 120_000);
