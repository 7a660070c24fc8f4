import { hostArchitecture } from '../../src/lib/architecture.ts';
import { createCleanup } from '../../src/lib/cleanup.ts';
import { silentReporter } from '../../src/progress/reporter.ts';
import { ignitionConfig, type Provisioning } from '../../src/vm/ignition.ts';
import { startMachine } from '../../src/vm/machine.ts';
import { machineDirectory } from '../../src/vm/prepare.ts';
import { createSshKey } from '../../src/vm/ssh.ts';
import { createGuest, type TestGuest, testUser } from '../../src/vm/suites/guest.ts';

/** Where a guest finds the host's loopback interface: QEMU's user network. */
export const hostFromGuest = '10.0.2.2';

export interface BootDisk {
  disk: string;
  /** The commit that the disk holds. */
  commit: string;
  files: NonNullable<Provisioning['files']>;
  consoleLog: string;
}

/** Boots a disk image, and returns once its ssh answers. Disposing ends the guest. */
export async function bootDisk({ disk, commit, files, consoleLog }: BootDisk): Promise<TestGuest & AsyncDisposable> {
  const cleanup = createCleanup();
  try {
    const scratch = await machineDirectory();
    cleanup.defer(() => scratch[Symbol.asyncDispose]());
    const key = await createSshKey(scratch.path);
    const ignition = ignitionConfig({ users: [{ name: testUser, sshKeys: [key.publicKey] }], files });
    const reporter = silentReporter();
    const machine = await startMachine(
      {
        disk,
        architecture: hostArchitecture().name,
        grow: 2 * 1024 ** 3,
        firmware: 'bios',
        memory: 2048,
        cpus: 2,
        network: 'host',
        ignition,
        consoleLog,
      },
      reporter,
    );
    cleanup.defer(() => machine[Symbol.asyncDispose]());
    const expected = { commit, firmware: 'bios', diskSize: machine.diskSize } as const;
    const guest = createGuest(machine, key, expected, reporter.signal);
    await guest.reachable();
    return { ...guest, [Symbol.asyncDispose]: () => cleanup[Symbol.asyncDispose]() };
  } catch (error) {
    await cleanup[Symbol.asyncDispose]();
    throw error;
  }
}
