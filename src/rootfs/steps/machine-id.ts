import { removeInRoot, replaceInRoot } from '../../lib/root-files.ts';
import type { RootStep } from '../context.ts';

const path = '/etc/machine-id';

/**
 * Leaves the machine without an identity: systemd then makes one, and treats the boot as the first
 * (https://www.freedesktop.org/software/systemd/man/latest/machine-id.html). Ignition's units rely on that.
 */
export const machineId: RootStep = {
  title: 'reset the machine id',
  async run({ root, request }) {
    if (request.machineIdCompat) await replaceInRoot(root, path, 'uninitialized\n', 0o444);
    else await removeInRoot(root, path);
  },
};
