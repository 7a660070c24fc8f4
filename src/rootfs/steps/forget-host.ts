import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '../../lib/errors.ts';
import type { RootStep } from '../context.ts';
import { namesIn } from '../names-in.ts';

/** What an install leaves that names one machine, or is a secret of one. */
const files = [
  '/etc/hostname',
  '/etc/machine-id',
  '/etc/resolv.conf',
  '/var/lib/dbus/machine-id',
  '/var/lib/systemd/random-seed',
  '/var/lib/systemd/credential.secret',
];

/**
 * Forgets the machine that the packages were installed on. Runs before the overlays: a host name that an
 * overlay gives is the system's own.
 */
export const forgetHost: RootStep = {
  title: 'forget the build host',
  async run({ root }) {
    for (const path of files) {
      // A link is no content of the host: it says where the running system finds it.
      if (await isRegularFile(join(root, path))) await rm(join(root, path));
    }
    for (const name of await namesIn(join(root, 'etc/ssh'))) {
      if (/^ssh_host_.*key(\.pub)?$/.test(name)) await rm(join(root, 'etc/ssh', name));
    }
  },
};

async function isRegularFile(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isFile();
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return false;
    throw error;
  }
}
