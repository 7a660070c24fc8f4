import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { nextOutput, type RunningProgram, run, start } from '../../../src/exec/run.ts';
import type { Tool } from '../../../src/exec/tools.ts';

export const checkout = resolve(import.meta.dirname, '../../..');

/** Where those see the checkout who may not read it where it is. */
const seenAt = '/mnt';

export function tool(name: string): Tool {
  return { name, packages: { deb: 'util-linux', rpm: 'util-linux' }, purpose: 'is tested' };
}

/**
 * Runs a command as an ordinary user with subordinate ids, root of a namespace of those: as every command that needs it runs.
 * @param command by the place where it sees the checkout
 * @returns what it wrote to stdout
 */
export async function runAsUser(
  command: (directory: string) => readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const holder = await holdNamespace(54_321);
  const target = ['--target', String(holder.pid), '--user', '--mount', '--setuid', '0', '--setgid', '0'];
  try {
    return (await run(tool('nsenter'), [...target, ...command(seenAt)], { env })).stdout;
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
  await nextOutput(holder);
  for (const map of ['uid_map', 'gid_map']) {
    await writeFile(`/proc/${holder.pid}/${map}`, `0 ${uid} 1\n1 200000 65535\n`);
  }
  return holder;
}
