import {
  chmod,
  copyFile,
  lchown,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setImmediate as nextTick } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type DirectoryCache, directoryCache } from '../../src/cache/directories.ts';
import { run, tryRun } from '../../src/exec/run.ts';
import { tools } from '../../src/exec/tools.ts';
import type { PipelineEvent } from '../../src/progress/events.ts';

let top: string;
let base: string;
let events: PipelineEvent[];
let opened: DirectoryCache[];
beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'cosa-cache-'));
  base = join(top, 'trees');
  await mkdir(base);
  events = [];
  opened = [];
});
const close = async () => {
  for (const cache of opened.splice(0)) await cache[Symbol.asyncDispose]();
};
afterEach(async () => {
  await close();
  await rm(top, { recursive: true });
});

const signal = new AbortController().signal;
const watcher = { signal, events: (event: PipelineEvent) => void events.push(event) };
/** Closed when the test ends. */
function open(mostEntries: number, directory = base, hasXattrs = true): DirectoryCache {
  const kind = { name: basename(directory), content: 'trees', isPrivate: true, hasXattrs, mostEntries };
  const cache = directoryCache(dirname(directory), kind, watcher);
  opened.push(cache);
  return cache;
}

const entriesOf = async (directory: string) =>
  (await readdir(directory)).filter((name) => !name.startsWith('.')).sort();

describe('directoryCache', () => {
  it('does the work once for a key, also when two ask at the same time', async () => {
    const cache = open(5);
    let times = 0;
    const make = async (directory: string) => {
      times++;
      await writeFile(join(directory, 'file'), 'x');
    };
    const paths = await Promise.all([cache.fill('k', make), cache.fill('k', make), cache.fill('k', make)]);
    expect(times).toBe(1);
    expect(new Set(paths).size).toBe(1);
    expect(await readFile(join(paths[0], 'file'), 'utf8')).toBe('x');
    expect(await cache.find('k')).toBe(paths[0]);
    expect(await cache.find('other')).toBeUndefined();
  });

  it('fills one entry after the other for one command, and does not say that it waits for itself', async () => {
    const cache = open(5);
    let underWay = 0;
    const make = async () => {
      expect(++underWay).toBe(1);
      await nextTick();
      underWay--;
    };
    await Promise.all([cache.fill('a', make), cache.fill('b', make)]);
    await expect(cache.fill('c', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await cache.fill('c', make);
    expect(events).toEqual([]);
  });

  it('reads no extended attributes where there are none: the host may lack the program', async () => {
    const attribute = (value: string, path: string) =>
      run({ ...tools.getfattr, name: 'setfattr' }, ['-n', 'user.x', '-v', value, path]);
    for (const hasXattrs of [false, true]) {
      const cache = open(5, join(top, `attributes-${hasXattrs}`), hasXattrs);
      const entry = await cache.fill('k', async (directory) => {
        await writeFile(join(directory, 'file'), 'x');
        await attribute('1', join(directory, 'file'));
      });
      await attribute('2', join(entry, 'file'));
      expect(await cache.find('k')).toBe(hasXattrs ? undefined : entry);
    }
  });

  it('keeps nothing of work that failed', async () => {
    const cache = open(5);
    await expect(cache.fill('k', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await close();
    expect((await readdir(base)).sort()).toEqual(['.filling.lock', '.lock']);
  });

  it('removes what killed processes left, of whatever key', async () => {
    // Today's and an older version's.
    await mkdir(join(base, '.cosa-abcdef/unfinished/deep'), { recursive: true });
    await mkdir(join(base, '.k.123-00000000.tmp'));
    await mkdir(join(base, '.other.123-00000000.tmp/deep'), { recursive: true });
    await open(5).fill('k', () => Promise.resolve());
    await close();
    expect((await readdir(base)).sort()).toEqual(['.filling.lock', '.lock', 'k']);
  });

  const nothing = () => Promise.resolve();
  const age = async (key: string, days: number) => {
    const time = new Date(Date.now() - days * 24 * 3600 * 1000);
    await utimes(join(base, key), time, time);
  };

  it('evicts the least recently used beyond the limit, at once', async () => {
    for (const [days, key] of [
      [3, 'a'],
      [2, 'b'],
      [1, 'c'],
    ] as const) {
      await using cache = directoryCache(top, { name: 'trees', content: '', isPrivate: true, mostEntries: 3 }, watcher);
      await cache.fill(key, nothing);
      await age(key, days);
    }
    expect(await open(2).find('a')).toBeDefined();
    await close();
    await open(2).fill('d', nothing);
    expect(await entriesOf(base)).toEqual(['a', 'd']);
  });

  it('evicts nothing that another process has found, however long ago, until that is done', async () => {
    await open(2).fill('a', nothing);
    await close();
    const reading = open(2);
    await reading.find('a');
    await age('a', 30);
    for (const key of ['b', 'c', 'd']) {
      await using cache = directoryCache(top, { name: 'trees', content: '', isPrivate: true, mostEntries: 2 }, watcher);
      await cache.fill(key, nothing);
    }
    expect(await entriesOf(base)).toEqual(['a', 'd']);
    await close();
    await open(2).fill('e', nothing);
    expect(await entriesOf(base)).toEqual(['d', 'e']);
  });
});

describe('what is kept', () => {
  const setcap = { name: 'setcap', packages: { deb: 'libcap2-bin', rpm: 'libcap' }, purpose: 'sets capabilities' };
  let directory: string;
  let made = 0;
  const make = async (content: string) => {
    made++;
    await mkdir(join(content, 'root/bin'), { recursive: true });
    for (const name of ['sudo', 'ping', 'plain'])
      await writeFile(join(content, 'root/bin', name), name, { mode: 0o755 });
    await chmod(join(content, 'root/bin/sudo'), 0o4755);
    await run(setcap, ['cap_net_raw=ep', join(content, 'root/bin/ping')]);
    await symlink('sudo', join(content, 'root/bin/link'));
    await link(join(content, 'root/bin/plain'), join(content, 'root/bin/same'));
  };
  beforeEach(async () => {
    made = 0;
    directory = await open(5).fill('k', make);
  });
  const warnings = () => events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));

  it('is found again', async () => {
    expect(await open(5).find('k')).toBe(directory);
    expect(warnings()).toEqual([]);
  });

  it.each(['--no-dereference', '--link'])('is found in a faithful copy: cp --archive %s', async (option) => {
    await run(tools.cp, ['--archive', option, base, `${base}-copy`]);
    try {
      expect(await open(5, `${base}-copy`).find('k')).toBe(join(`${base}-copy`, 'k/content'));
    } finally {
      await rm(`${base}-copy`, { recursive: true });
    }
    expect(warnings()).toEqual([]);
  });

  const bin = (name: string) => join(directory, 'root/bin', name);
  const keepTime = async (path: string, change: () => Promise<unknown>) => {
    const { atime, mtime } = await stat(path);
    await change();
    await utimes(path, atime, mtime);
  };
  it.each<[string, () => Promise<unknown>, string]>([
    ['a lost set-uid bit', () => chmod(bin('sudo'), 0o755), 'root/bin/sudo has changed'],
    ['another owner', () => lchown(bin('plain'), 1, 0), 'root/bin/plain has changed'],
    ['a truncated file', () => truncate(bin('plain'), 1), 'root/bin/plain has changed'],
    ['other bytes of another time', () => writeFile(bin('plain'), 'PLAIN'), 'root/bin/plain has changed'],
    ['a lost capability', () => run(setcap, ['-r', bin('ping')]), 'root/bin/ping (attributes) is missing'],
    [
      'another capability',
      () => run(setcap, ['cap_sys_admin=ep', bin('ping')]),
      'root/bin/ping (attributes) has changed',
    ],
    ['a missing file', () => rm(bin('plain')), 'root/bin/plain is missing'],
    ['a new file', () => writeFile(bin('new'), ''), 'root/bin/new is new'],
    [
      'another link',
      async () => {
        await rm(bin('link'));
        await symlink('ping', bin('link'));
      },
      'root/bin/link has changed',
    ],
    [
      'two files in place of one with two names',
      async () => {
        await run(tools.cp, ['--archive', bin('same'), bin('copy')]);
        await rename(bin('copy'), bin('same'));
      },
      'root/bin/plain has changed',
    ],
    [
      'a file in place of a directory',
      async () => {
        await rename(bin(''), `${bin('')}x`.replace('/x', 'x'));
        await writeFile(join(directory, 'root/bin'), '');
      },
      'root/bin has changed',
    ],
    ['another mode of a directory', () => chmod(bin(''), 0o700), 'root/bin has changed'],
    [
      'a truncated file of the old time',
      () => keepTime(bin('plain'), () => truncate(bin('plain'), 1)),
      'root/bin/plain has changed',
    ],
    ['a lost record', () => rm(join(directory, '../tree.json')), 'nothing says what it was like'],
    ['a truncated record', () => truncate(join(directory, '../tree.json'), 100), 'nothing says what it was like'],
    ['lost content', () => rm(directory, { recursive: true }), 'it is of another version'],
  ])('is made anew after %s, which is said once', async (_, change, difference) => {
    await change();
    const cache = open(5);
    expect(await cache.find('k')).toBeUndefined();
    expect(await cache.fill('k', make)).toBe(directory);
    expect(made).toBe(2);
    expect((await stat(bin('sudo'))).mode & 0o7777).toBe(0o4755);
    expect(await cache.find('k')).toBe(directory);
    expect(warnings()).toEqual([`${join(base, 'k')} is made anew, for it is not what was put there: ${difference}`]);
  });

  it('is not used from a copy that has lost what the copier did not keep', async () => {
    await run(tools.cp, ['--recursive', base, `${base}-copy`]);
    try {
      expect(await open(5, `${base}-copy`).find('k')).toBeUndefined();
    } finally {
      await rm(`${base}-copy`, { recursive: true });
    }
  });
});

describe('a set-uid program in the cache', () => {
  /** Whether another user can run it. */
  async function runsForOthers(program: string): Promise<boolean> {
    // setpriv itself keeps root's capabilities until it starts something.
    const other = ['--reuid=65534', '--regid=65534', '--clear-groups', '--', 'sh', '-c', '"$0"', program];
    return (await tryRun(tools.setpriv, other)).exitCode === 0;
  }

  it.each([
    ['a new cache', 0o022, undefined],
    ['a new cache of somebody who hides nothing', 0, undefined],
    ['a cache that an older version left open', 0o022, 0o755],
    ['a cache that everybody may write to', 0, 0o777],
  ])('is out of reach for others, while it is put there and later, in %s', async (_, umask, mode) => {
    const before = process.umask(umask);
    onTestFinished(() => void process.umask(before));
    await chmod(base, 0o755);
    const directory = join(base, 'cache/roots');
    if (mode !== undefined) {
      await mkdir(directory, { recursive: true });
      await chmod(directory, mode);
    }
    let during: boolean | undefined;
    const entry = await open(5, directory).fill('k', async (temporary) => {
      const program = join(temporary, 'program');
      await copyFile('/usr/bin/true', program);
      await chmod(program, 0o4755);
      during = await runsForOthers(program);
    });
    expect(during).toBe(false);
    expect(await runsForOthers(join(entry, 'program'))).toBe(false);
    expect((await tryRun({ ...tools.setpriv, name: join(entry, 'program') }, [])).exitCode).toBe(0);
    expect((await stat(directory)).mode & 0o7777).toBe(0o700);
    // What holds it is as open as ever.
    if (mode === undefined) expect((await stat(join(base, 'cache'))).mode & 0o7777).toBe(0o777 & ~umask);
  });

  it('is out of reach again once somebody looks for it', async () => {
    await mkdir(join(base, 'k'));
    await chmod(base, 0o755);
    await open(5).find('k');
    expect((await stat(base)).mode & 0o7777).toBe(0o700);
  });
});
