import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { lockFile, tryLockFile, withLock } from '../../src/exec/lock.ts';
import { nextOutput, start } from '../../src/exec/run.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-lock-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

it('lets one in at a time, in whatever order', async () => {
  const path = join(directory, 'sub/lock');
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 8 }, () =>
      withLock(path, async () => {
        most = Math.max(most, ++inside);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
      }),
    ),
  );
  expect(most).toBe(1);
});

it('is free again after an error', async () => {
  const path = join(directory, 'lock');
  await expect(withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await withLock(path, () => Promise.resolve());
});

it('is free again when its holder is killed with SIGKILL', async () => {
  const path = join(directory, 'lock');
  const source = `import { lockFile } from ${JSON.stringify(new URL('../../src/exec/lock.ts', import.meta.url).pathname)};
    await lockFile(process.argv[2]); process.stdout.write('held'); setInterval(() => {}, 1000);`;
  const holder = await start(
    { name: process.execPath, packages: { deb: 'nodejs', rpm: 'nodejs' }, purpose: 'runs the test' },
    ['--import', 'tsx', '--input-type=module', '-e', source, '--', 'x', path],
  );
  holder.done.catch(() => undefined);
  await nextOutput(holder);
  process.kill(holder.pid, 'SIGKILL');
  await using lock = await lockFile(path);
  expect(lock).toBeDefined();
});

it('is shared by those who want no more than that', async () => {
  const path = join(directory, 'lock');
  await using _one = await lockFile(path, 'shared');
  await using _two = await lockFile(path, 'shared');
  expect(await tryLockFile(path)).toBeUndefined();
});

it('is taken without waiting where nobody holds it', async () => {
  const path = join(directory, 'lock');
  const lock = await tryLockFile(path);
  expect(await tryLockFile(path)).toBeUndefined();
  await lock?.[Symbol.asyncDispose]();
  await using again = await tryLockFile(path);
  expect(again).toBeDefined();
});
