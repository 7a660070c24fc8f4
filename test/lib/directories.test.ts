import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeDirectory } from '../../src/lib/directories.ts';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-directories-'));
  await writeFile(join(base, 'file'), '');
  await mkdir(join(base, 'there'));
  await symlink('there', join(base, 'link'));
  await symlink('nowhere', join(base, 'dangling'));
  await symlink('circle', join(base, 'circle'));
});
afterEach(async () => {
  await rm(base, { recursive: true });
});

test.each(['there', 'link', 'a', 'a/b/c', 'link/x/y', '.'])('%s is a directory afterwards, twice', async (path) => {
  for (let time = 0; time < 2; time++) {
    await makeDirectory(join(base, path));
    expect((await stat(join(base, path))).isDirectory()).toBe(true);
  }
});

test('many at once make the same', async () => {
  await Promise.all(Array.from({ length: 20 }, (_, index) => makeDirectory(join(base, 'x/y/z', String(index % 3)))));
  expect((await stat(join(base, 'x/y/z/2'))).isDirectory()).toBe(true);
});

test('every directory that is made gets the mode', async () => {
  await makeDirectory(join(base, 'p/q'), 0o700);
  for (const path of ['p', 'p/q']) expect((await stat(join(base, path))).mode & 0o777).toBe(0o700);
});

test.each([
  ['file', 'file', 'it is a file'],
  ['file/below', 'file/below', 'a part of this path is a file'],
  ['file/below/that', 'file/below/that', 'a part of this path is a file'],
  ['dangling', 'dangling', 'it is a link to nothing'],
  ['circle/x', 'circle/x', 'its links lead in a circle'],
  [`${'n'.repeat(300)}/x`, `${'n'.repeat(300)}/x`, 'the name is too long'],
])('%s cannot be made', async (path, named, reason) => {
  await expect(makeDirectory(join(base, path))).rejects.toMatchObject({
    code: 'DIRECTORY_UNUSABLE',
    exitStatus: 2,
    message: `the directory ${join(base, named)} cannot be made: ${reason}`,
  });
});

test.each(['/proc/x', '/proc/x/y', '/proc/self/x/y'])('%s ends, where a recursive mkdir never does', async (path) => {
  await expect(makeDirectory(path)).rejects.toMatchObject({
    code: 'DIRECTORY_UNUSABLE',
    message: expect.stringMatching(/^the directory \/proc\/(self\/)?x cannot be made: nothing can be made there$/),
  });
});
