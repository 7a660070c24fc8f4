import { chown, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockFile } from '../../src/exec/lock.ts';
import { start } from '../../src/exec/run.ts';
import { openScratch } from '../../src/exec/scratch.ts';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-scratch-'));
});
afterEach(() => rm(base, { recursive: true }));

test('is private, and gone with all that is in it', async () => {
  {
    await using scratch = await openScratch(join(base, 'made'));
    expect((await stat(scratch.path)).mode & 0o777).toBe(0o700);
    await mkdir(join(scratch.path, 'a/b'), { recursive: true });
  }
  expect(await readdir(join(base, 'made'))).toEqual([]);
});

test('is had by any number at once, in one place', async () => {
  const often = async () => {
    for (let round = 0; round < 6; round++) {
      await using scratch = await openScratch(base);
      await writeFile(join(scratch.path, 'file'), '');
    }
  };
  await Promise.all(Array.from({ length: 8 }, often));
  expect(await readdir(base)).toEqual([]);
});

test('leaves alone what is in use, what is not ours and what is no directory', async () => {
  await using first = await openScratch(base);
  await writeFile(join(first.path, 'file'), '');
  await mkdir(join(base, '.cosa-abcdef'));
  await chown(join(base, '.cosa-abcdef'), 12345, 12345);
  await mkdir(join(base, 'precious'));
  await symlink('precious', join(base, '.cosa-ghijkl'));
  await writeFile(join(base, '.cosa-mnopqr'), '');
  await mkdir(join(base, '.cosa-toolong'));
  await mkdir(join(base, '.cosa-stuvwx'));
  await using second = await openScratch(base);
  expect(new Set(await readdir(base))).toEqual(
    new Set([
      ...[first, second].map(({ path }) => path.slice(base.length + 1)),
      ...['.cosa-abcdef', 'precious', '.cosa-ghijkl', '.cosa-mnopqr', '.cosa-toolong'],
    ]),
  );
  expect(await readdir(first.path)).toContain('file');
});

test('many at once do not take each other’s', async () => {
  const opened = await Promise.all(Array.from({ length: 12 }, () => openScratch(base)));
  expect(new Set((await readdir(base)).sort())).toEqual(new Set(opened.map(({ path }) => path.slice(base.length + 1))));
  await Promise.all(opened.map((scratch) => scratch[Symbol.asyncDispose]()));
  expect(await readdir(base)).toEqual([]);
});

test('cannot be made where nothing can be written', async () => {
  await expect(openScratch('/proc')).rejects.toMatchObject({
    code: 'DIRECTORY_UNUSABLE',
    exitStatus: 2,
    message: 'nothing can be written to the directory /proc',
  });
});

/** Runs the holder until it says a word, then kills it; waits until its locks are free. */
async function killAt(word: string): Promise<void> {
  const program = { name: process.execPath, packages: { deb: 'nodejs', rpm: 'nodejs' }, purpose: 'runs the test' };
  const holder = await start(program, ['--import', 'tsx', join(import.meta.dirname, 'scratch-holder.ts'), base]);
  for await (const line of createInterface({ input: holder.stdout })) {
    if (line !== word) continue;
    process.kill(holder.pid, 'SIGKILL');
    break;
  }
  await holder.done.catch(() => undefined);
  for (const name of await readdir(join(base, 'scratch')).catch(() => [])) {
    await (await lockFile(join(base, 'scratch', name, 'in-use.lock')))[Symbol.asyncDispose]();
  }
}

test('whatever number of processes is killed, no more is left than one leaves', async () => {
  const words = ['begun', 'opened', 'filled'];
  let most = 0;
  for (let round = 0; round < 12; round++) {
    await killAt(words[round % words.length] ?? '');
    most = Math.max(most, (await readdir(join(base, 'scratch')).catch(() => [])).length);
  }
  expect(most).toBe(1);
  await using _scratch = await openScratch(join(base, 'scratch'));
  expect(await readdir(join(base, 'scratch'))).toHaveLength(1);
}, 120_000);
