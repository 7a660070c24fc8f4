import { hostArchitecture } from '../../src/lib/architecture.ts';
import { createCleanup } from '../../src/lib/cleanup.ts';
import { silentReporter } from '../../src/progress/reporter.ts';
import type { Firmware } from '../../src/vm/firmware.ts';
import { ignitionConfig, type Provisioning } from '../../src/vm/ignition.ts';
import { type Machine, startMachine } from '../../src/vm/machine.ts';
import { machineDirectory } from '../../src/vm/prepare.ts';
import { createSshKey } from '../../src/vm/ssh.ts';
import { createGuest, type TestGuest, testUser } from '../../src/vm/suites/guest.ts';

/** Where a guest finds the host's loopback interface: QEMU's user network. */
export const hostFromGuest = '10.0.2.2';

export interface BootDisk {
  disk: string;
  /** The commit that the disk holds. */
  commit: string;
  files?: NonNullable<Provisioning['files']>;
  consoleLog: string;
  /** An Ignition config that is merged over that by which the guest is reached. */
  config?: object;
  /** MiB. */
  memory?: number;
  firmware?: Firmware;
  secondDisk?: string;
  tpm?: string;
}

/** A machine that has been switched on. */
interface StartedDisk extends AsyncDisposable {
  machine: Machine;
  guest: TestGuest;
}

/** Boots a disk image, and returns once its ssh answers. Disposing ends the guest. */
export async function bootDisk(options: BootDisk): Promise<TestGuest & AsyncDisposable> {
  const started = await startDisk(options);
  try {
    await started.guest.reachable();
    return { ...started.guest, [Symbol.asyncDispose]: () => started[Symbol.asyncDispose]() };
  } catch (error) {
    await started[Symbol.asyncDispose]();
    throw error;
  }
}

/** Switches on a machine with a disk image, which may never answer. */
export async function startDisk({
  disk,
  commit,
  files = [],
  consoleLog,
  config,
  ...options
}: BootDisk): Promise<StartedDisk> {
  const cleanup = createCleanup();
  try {
    const scratch = await machineDirectory();
    cleanup.defer(() => scratch[Symbol.asyncDispose]());
    const key = await createSshKey(scratch.path);
    const merge = config === undefined ? undefined : JSON.stringify({ ignition: { version: '3.3.0' }, ...config });
    const ignition = ignitionConfig({ users: [{ name: testUser, sshKeys: [key.publicKey] }], files, merge });
    const reporter = silentReporter();
    const firmware = options.firmware ?? 'bios';
    const architecture = hostArchitecture().name;
    const shape = { architecture, grow: 2 * 1024 ** 3, memory: 2048, cpus: 2, network: 'host' } as const;
    const machine = await startMachine({ ...shape, ...options, disk, firmware, ignition, consoleLog }, reporter);
    cleanup.defer(() => machine[Symbol.asyncDispose]());
    const expected = { commit, firmware, diskSize: machine.diskSize } as const;
    const guest = createGuest(machine, key, expected, reporter.signal);
    return { machine, guest, [Symbol.asyncDispose]: () => cleanup[Symbol.asyncDispose]() };
  } catch (error) {
    await cleanup[Symbol.asyncDispose]();
    throw error;
  }
}
