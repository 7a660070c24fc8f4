import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { copyData } from '../../../../src/disk/filesystems/by-program/copy-data.ts';
import { rangesOutput } from '../../../../src/disk/output.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-copy-'));
});
afterEach(() => rm(directory, { recursive: true }));

it('copies what is no zeros', async () => {
  const path = join(directory, 'file');
  await writeFile(path, 'begin');
  await truncate(path, 100 * 1024 ** 2);
  await writeFile(path, 'end', { flag: 'a' });
  const output = rangesOutput();
  await copyData(path, output, new AbortController().signal);
  const ranges = output.ranges().map(({ position, bytes }) => [position, bytes.toString().replaceAll('\0', '')]);
  expect(ranges).toEqual([
    [0, 'begin'],
    [100 * 1024 ** 2, 'end'],
  ]);
});

it('lets a signal come while it works', async () => {
  const path = join(directory, 'file');
  await writeFile(path, '');
  await truncate(path, 1024 ** 4);
  const stop = new AbortController();
  setImmediate(() => stop.abort(new Error('stop')));
  await expect(copyData(path, rangesOutput(), stop.signal)).rejects.toThrow('stop');
});
