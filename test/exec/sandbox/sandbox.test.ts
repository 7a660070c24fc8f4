import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type RunningProgram, run, start } from '../../../src/exec/run.ts';
import type { Tool } from '../../../src/exec/tools.ts';
import { type AttemptResult, duties, waysOut } from './attempts.ts';

const checkout = resolve(import.meta.dirname, '../../..');

/** Where those see the checkout who may not read it where it is. */
const seenAt = '/mnt';

function tool(name: string): Tool {
  return { name, packages: { deb: 'util-linux', rpm: 'util-linux' }, purpose: 'is tested' };
}

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

/** As an ordinary user with subordinate ids, root of a namespace of those: as every command that needs it runs. */
async function asUser(): Promise<Results> {
  const holder = await holdNamespace(54_321);
  const target = ['--target', String(holder.pid), '--user', '--mount', '--setuid', '0', '--setgid', '0'];
  try {
    return JSON.parse((await run(tool('nsenter'), [...target, 'sh', ...attempts(seenAt)], { env })).stdout) as Results;
  } finally {
    holder.stdin.end();
    await holder.done;
  }
}

/** A namespace as `unshare --map-auto` makes it, without entries in /etc/subuid: we are root, and write its maps. */
async function holdNamespace(uid: number): Promise<RunningProgram> {
  const ordinary = ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', 'unshare', '--user', '--mount'];
  const script = `mount --bind "$1" ${seenAt} && shift && exec "$@"`;
  const command = ['sh', '-c', script, 'sh', checkout, ...ordinary, '--', 'cat'];
  const holder = await start(tool('unshare'), ['--mount', '--propagation', 'private', '--', ...command]);
  holder.stdin.write('.');
  await Promise.race([once(holder.stdout, 'data'), holder.done]);
  for (const map of ['uid_map', 'gid_map']) {
    await writeFile(`/proc/${holder.pid}/${map}`, `0 ${uid} 1\n1 200000 65535\n`);
  }
  return holder;
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
