import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { watchForLoginPrompt } from '../../src/vm/login-prompt.ts';

let log: string;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-prompt-'));
  log = join(directory, 'console.log');
});
afterEach(() => rm(directory, { recursive: true }));

test.each([
  ['a prompt', ['Debian CoreOS\r\n\r\nlocalhost login: ']],
  ['a user who is logged in at once', ['\u001b[H\u001b[J', 'localhost log', 'in: core (automatic login)\r\n']],
  ['a prompt after much else', ['x'.repeat(200_000), '\r\nlocalhost login: ']],
])('%s is seen', async (_, pieces) => {
  await using watched = await watchForLoginPrompt(log);
  for (const piece of pieces) await appendFile(log, piece);
  expect(await watched.seen).toBe(true);
});

test('a prompt that is there already is seen', async () => {
  await appendFile(log, 'localhost login: ');
  await using watched = await watchForLoginPrompt(log);
  expect(await watched.seen).toBe(true);
});

test('a guest that never gets there is not waited for', async () => {
  const watched = await watchForLoginPrompt(log);
  await appendFile(log, 'systemd-logind: started\n');
  await watched[Symbol.asyncDispose]();
  expect(await watched.seen).toBe(false);
});
