import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { run } from '../../src/exec/run.ts';
import { build, openScene, type Scene } from '../flows/container/transfer/support.ts';
import { cosa } from './in-process.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
  await build(scene.work, '13.1', ['one', 'two']);
});
const start = process.cwd();
afterEach(async () => {
  // -C has moved this process to where nothing will be.
  process.chdir(start);
  await scene[Symbol.asyncDispose]();
});

const inWork = (...args: string[]) => cosa([...args, '-C', scene.work.root, '--quiet', '--json']);

it.each([
  [['man', '/proc/x'], '/proc/x'],
  [['man', '/etc/passwd'], '/etc/passwd'],
  [['copy', '13.1', 'oci:/proc/x'], '/proc/x'],
  [['copy', '13.1', 'oci:/etc/passwd/x'], '/etc/passwd/x'],
  [['copy', '13.1', 'oci-archive:/proc/x/a.tar'], '/proc/x'],
])('%j ends with what is wrong', async (args, path) => {
  const { status, stdout } = await inWork(...args);
  const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
  expect({ status, code: error.code }).toEqual({ status: 2, code: 'DIRECTORY_UNUSABLE' });
  expect(error.message).toMatch(
    new RegExp(`^(writing to [^ ]+: )?the directory ${path}(/blobs)?(/sha256)? cannot be made: `),
  );
});

it.each([
  ['policy.json', ['pull', 'REPO:13.1']],
  ['cosa.json', ['list']],
])('a pipe in place of %s is refused and not waited for', async (name, args) => {
  await inWork('push', scene.repository);
  const path = join(scene.work.root, name);
  await rm(path, { force: true });
  await run({ name: 'mkfifo', packages: { deb: 'coreutils', rpm: 'coreutils' }, purpose: 'makes pipes' }, [path]);
  const { status, stdout } = await inWork(...args.map((argument) => argument.replace('REPO', scene.repository)));
  expect({ status, ...(JSON.parse(stdout) as object) }).toMatchObject({
    status: 2,
    error: { code: 'NOT_A_FILE', message: `${path} cannot be read: it is a pipe, and no file` },
  });
});
