import { afterEach, beforeEach, expect, it } from 'vitest';
import { build, openScene, type Scene } from '../flows/container/transfer/support.ts';
import { cosa } from './in-process.ts';

let scene: Scene;
beforeEach(async () => {
  scene = await openScene();
  await build(scene.work, '13.1', ['one']);
});
const start = process.cwd();
afterEach(async () => {
  process.chdir(start);
  await scene[Symbol.asyncDispose]();
});

const push = (options: readonly string[], terminal = false) =>
  cosa(['push', scene.repository, '-C', scene.work.root, ...options], { terminal });

it.each([false, true])('--verbose shows each request (terminal: %s)', async (terminal) => {
  const { status, stderr } = await push(['--verbose'], terminal);
  expect(status).toBe(0);
  const host = scene.repository.replace(/^docker:\/\//, '').split('/')[0];
  expect(stderr).toMatch(new RegExp(`HEAD http://${host}/v2/.+/manifests/13\\.1 404, 0 B, `));
  expect(stderr).toMatch(new RegExp(`PUT http://${host}/v2/.+/manifests/13\\.1 201, \\d+ B sent, `));
});

it('says nothing of them otherwise', async () => {
  expect((await push([])).stderr).not.toContain('/v2/');
});
