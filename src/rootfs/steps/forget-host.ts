import { namesInRoot, removeInRoot, statInRoot } from '../../lib/root-files.ts';
import type { RootStep } from '../context.ts';

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
      if ((await statInRoot(root, path))?.isFile()) await removeInRoot(root, path);
    }
    for (const name of await namesInRoot(root, '/etc/ssh')) {
      if (/^ssh_host_.*key(\.pub)?$/.test(name)) await removeInRoot(root, `/etc/ssh/${name}`);
    }
  },
};
