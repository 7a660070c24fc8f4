import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from '../../src/exec/namespace.ts';
import { tools } from '../../src/exec/tools.ts';

const checkout = resolve(import.meta.dirname, '../..');

/** Where the user finds the checkout: its own place may be closed to others. */
const checkoutForAll = '/mnt';

/**
 * A command that runs a TypeScript program of ours, as root of a machine where there is an ordinary user with subordinate
 * ids, whoever is on this one: user and group 54321, in no other group.
 * @param directory for the files that say so
 * @param program relative to the checkout
 */
export async function asOrdinaryUser(directory: string, program: string, args: readonly string[]): Promise<Command> {
  await writeFile(join(directory, 'passwd'), 'root:x:0:0::/:/bin/sh\nsomebody:x:54321:54321::/:/bin/sh\n');
  await writeFile(join(directory, 'subids'), 'somebody:200000:65536\n');
  const places = ['passwd /etc/passwd', 'subids /etc/subuid', 'subids /etc/subgid'];
  const script = [
    // mkfs.btrfs looks behind every loop device that is mounted, and gives up where a user may not: other tests mount some.
    "awk '$1 ~ /^\\/dev\\/loop/ { print $2 }' /proc/mounts | xargs --no-run-if-empty umount --lazy",
    ...places.map((place) => `mount --bind "$1"/${place}`),
    `mount --bind "$2" ${checkoutForAll}`,
    `cd ${checkoutForAll}`,
    'shift 2',
    'exec setpriv --reuid=54321 --regid=54321 --clear-groups "$@"',
  ].join(' && ');
  const loader = join(checkoutForAll, 'node_modules/tsx/dist/loader.mjs');
  const node = [process.execPath, '--import', loader, join(checkoutForAll, program), ...args];
  const command = ['sh', '-c', script, 'sh', directory, checkout, ...node];
  return { tool: tools.unshare, args: ['--mount', '--propagation', 'private', '--', ...command] };
}
