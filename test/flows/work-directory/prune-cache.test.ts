import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCache } from '../../../src/cache/cache.ts';
import { cacheKinds } from '../../../src/cache/kinds.ts';
import { pruneCache } from '../../../src/flows/work-directory/prune-cache.ts';
import { type WorkDirectory, workDirectoryAt } from '../../../src/workspace/work-directory.ts';
import { silentSession } from '../../helpers/session.ts';

const session = silentSession();
let root: string;
let work: WorkDirectory;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cosa-prune-'));
  work = workDirectoryAt(root, { config: { source: root } });
});
afterEach(() => rm(root, { recursive: true }));

const mebibyte = 2 ** 20;

/** An entry of a mebibyte, used so many seconds after the epoch. */
async function keep(path: string, used: number): Promise<void> {
  const isDirectory = !path.includes('.');
  const entry = join(work.cache, path);
  await mkdir(isDirectory ? join(entry, 'content') : join(entry, '..'), { recursive: true });
  await writeFile(isDirectory ? join(entry, 'content/file') : entry, Buffer.alloc(mebibyte, 1));
  await utimes(entry, used, used);
}

const kept = async () =>
  (await readdir(work.cache, { recursive: true })).filter((path) => /^[\w-]+\/\w[^/]*$/.test(path)).sort();

describe('pruneCache', () => {
  beforeEach(async () => {
    await keep('roots/oldest', 1);
    await keep('packages/older.deb', 2);
    await keep('base-disks/newer', 3);
    await keep('packages/newest.deb', 4);
  });

  it('removes all that is kept, of whatever kind, and says of which how much', async () => {
    const { kinds, removedBytes } = await pruneCache(session, work, { keepBytes: undefined, dryRun: false });
    expect(kinds.map(({ kind, entries, inUse, removed }) => [kind, entries, inUse, removed])).toEqual([
      ['base-disks', 1, 0, 1],
      ['packages', 2, 0, 2],
      ['roots', 1, 0, 1],
    ]);
    expect(removedBytes).toBeGreaterThanOrEqual(4 * mebibyte);
    expect(await kept()).toEqual([]);
  });

  it('begins with what was used longest ago, and stops when no more is left than may stay', async () => {
    const { bytes, removedBytes } = await pruneCache(session, work, { keepBytes: 2.5 * mebibyte, dryRun: false });
    expect(bytes - removedBytes).toBeLessThanOrEqual(2.5 * mebibyte);
    expect(await kept()).toEqual(['base-disks/newer', 'packages/newest.deb']);
  });

  it('only says what would go, where that is asked', async () => {
    const before = await kept();
    const told = await pruneCache(session, work, { keepBytes: 2.5 * mebibyte, dryRun: true });
    expect(await kept()).toEqual(before);
    const { kinds } = await pruneCache(session, work, { keepBytes: 2.5 * mebibyte, dryRun: false });
    expect(told.kinds).toEqual(kinds);
  });

  it('touches nothing that is in use, says so and waits for nobody', async () => {
    await using roots = await openCache(work.cache, cacheKinds.roots);
    await roots.use(['oldest']);
    const { kinds } = await pruneCache(session, work, { keepBytes: undefined, dryRun: false });
    // The lease counts, too: what it makes takes room.
    expect(kinds.find(({ kind }) => kind === 'roots')).toMatchObject({ entries: 2, inUse: 2, removed: 0 });
    expect(await kept()).toEqual(['roots/oldest']);
  });

  it('removes what killed processes left, however much may stay', async () => {
    await mkdir(join(work.cache, 'scratch/.cosa-abcdef/root'), { recursive: true });
    await mkdir(join(work.cache, 'base-disks/.newer.1-01234567.tmp'), { recursive: true });
    const { kinds } = await pruneCache(session, work, { keepBytes: 2 ** 40, dryRun: false });
    expect(kinds.map(({ kind, removed }) => [kind, removed])).toEqual([
      ['base-disks', 1],
      ['packages', 0],
      ['roots', 0],
      ['scratch', 1],
    ]);
    expect((await readdir(join(work.cache, 'scratch'))).filter((name) => name.startsWith('.cosa-'))).toEqual([]);
    expect((await readdir(join(work.cache, 'base-disks'))).filter((name) => name !== '.lock')).toEqual(['newer']);
  });

  it('leaves what it does not know, and names it', async () => {
    await keep('another/thing', 1);
    const { unknown } = await pruneCache(session, work, { keepBytes: undefined, dryRun: false });
    expect(unknown).toEqual([{ name: 'another', bytes: expect.any(Number) as number }]);
    expect(await kept()).toEqual(['another/thing']);
  });
});

it('finds nothing in a work directory that has no cache', async () => {
  expect(await pruneCache(session, work, { keepBytes: undefined, dryRun: false })).toEqual({
    kinds: [],
    unknown: [],
    bytes: 0,
    removedBytes: 0,
  });
});
