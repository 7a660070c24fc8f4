import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RootStep } from '../context.ts';

/**
 * Leaves the machine without an identity: systemd then makes one, and treats the boot as the first
 * (https://www.freedesktop.org/software/systemd/man/latest/machine-id.html). Ignition's units rely on that.
 */
export const machineId: RootStep = {
  title: 'reset the machine id',
  async run({ root, request }) {
    const path = join(root, 'etc/machine-id');
    await rm(path, { force: true });
    if (request.machineIdCompat) await writeFile(path, 'uninitialized\n', { mode: 0o444 });
  },
};
