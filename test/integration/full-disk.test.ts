import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { run } from '../../src/exec/run.ts';
import { builtWorkDirectory, candidate, cosa, program } from './fixture.ts';

let work: string;
let small: string;
beforeAll(async () => {
  work = await builtWorkDirectory();
  small = await mkdtemp(join(tmpdir(), 'cosa-small-'));
  await run(program('mount'), ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', small]);
});
afterAll(async () => {
  await run(program('umount', 'mount'), [small]);
  await rm(small, { recursive: true });
});

it('a full disk is named, and leaves nothing half-written', async () => {
  const directory = join(small, 'work');
  await mkdir(directory);
  const { exitCode, stderr } = await cosa(directory, [
    'image',
    'build',
    'qemu',
    '--from',
    `oci:${work}/oci:${candidate}`,
  ]);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('error: the disk is full');
  const left = await readdir(directory, { recursive: true });
  expect(left.filter((name) => /\.(qcow2|raw|tmp)$|base\.json$/.test(name))).toEqual([]);
});
