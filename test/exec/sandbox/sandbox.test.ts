import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../../src/exec/run.ts';
import { checkout, runAsUser, tool } from './as-user.ts';
import { type AttemptResult, duties, waysOut } from './attempts.ts';

/** Makes the attempts in a process of its own, which has a directory open that every program inherits. */
const openDirectory = 'exec bash -c \'exec 200</; exec "$@"\' bash "$@"';
const attempts = (directory: string) => [
  ...['-c', openDirectory, 'sh', process.execPath, '--import', join(directory, 'node_modules/tsx/dist/loader.mjs')],
  join(directory, 'test/exec/sandbox/attempts.ts'),
];

interface Results {
  waysOut: AttemptResult[];
  duties: AttemptResult[];
}

const env = { COSA_SECRET: 'of the host' };

async function asRoot(): Promise<Results> {
  return JSON.parse((await run(tool('sh'), attempts(checkout), { env })).stdout) as Results;
}

async function asUser(): Promise<Results> {
  return JSON.parse(await runAsUser((directory) => ['sh', ...attempts(directory)], env)) as Results;
}

describe.each([
  ['root', asRoot],
  ['an ordinary user', asUser],
])('as %s', (_, runAttempts) => {
  let results: Results;
  beforeAll(async () => {
    results = await runAttempts();
  }, 60_000);

  test.each(waysOut.map(({ name }) => name))('cannot: %s', (name) => {
    expect(results.waysOut.find((result) => result.name === name)).toMatchObject({ done: false });
  });

  test.each(duties.map(({ name }) => name))('can: %s', (name) => {
    expect(results.duties.find((result) => result.name === name)).toMatchObject({ done: true });
  });
});
