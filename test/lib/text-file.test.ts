import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../../src/exec/run.ts';
import { readText, readTextIfExists } from '../../src/lib/text-file.ts';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-text-'));
});
afterEach(async () => {
  await rm(base, { recursive: true });
});

test('a file and a link to it are read, what is not there is undefined', async () => {
  await writeFile(join(base, 'file'), 'täxt');
  await symlink('file', join(base, 'link'));
  await symlink('nothing', join(base, 'dangling'));
  expect(await readText(join(base, 'link'))).toBe('täxt');
  expect(await readTextIfExists(join(base, 'none'))).toBeUndefined();
  expect(await readTextIfExists(join(base, 'dangling'))).toBeUndefined();
});

test('/dev/null is empty, and a file that does not know its size is read', async () => {
  expect(await readText('/dev/null')).toBe('');
  expect(await readText('/proc/self/status')).toMatch(/^Name:/);
});

test('what has more bytes than allowed is refused, with exactly as many it is read', async () => {
  const path = join(base, 'file');
  await writeFile(path, '12345');
  expect(await readText(path, 5)).toBe('12345');
  await expect(readText(path, 4)).rejects.toMatchObject({
    code: 'FILE_TOO_LARGE',
    exitStatus: 2,
    message: `${path} cannot be read: it has more than 4 bytes`,
  });
});

test('a pipe, a directory, a socket and a device are refused and not waited for', async () => {
  const pipe = join(base, 'pipe');
  const socket = join(base, 'socket');
  await run({ name: 'mkfifo', packages: { deb: 'coreutils', rpm: 'coreutils' }, purpose: 'makes pipes' }, [pipe]);
  const server = createServer().listen(socket);
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    for (const [path, kind] of [
      [pipe, 'a pipe'],
      [base, 'a directory'],
      [socket, 'a socket or a device'],
      ['/dev/zero', 'a device'],
    ] as const) {
      await expect(readTextIfExists(path)).rejects.toMatchObject({
        code: 'NOT_A_FILE',
        exitStatus: 2,
        message: `${path} cannot be read: it is ${kind}, and no file`,
      });
    }
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
