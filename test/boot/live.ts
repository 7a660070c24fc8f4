import { resolve } from 'node:path';
import { hostArchitecture } from '../../src/lib/architecture.ts';
import { createCleanup } from '../../src/lib/cleanup.ts';
import { silentReporter } from '../../src/progress/reporter.ts';
import type { NetworkBoot } from '../../src/vm/arguments.ts';
import type { EmptyDisk } from '../../src/vm/disk.ts';
import type { Firmware } from '../../src/vm/firmware.ts';
import { ignitionConfig, type Provisioning } from '../../src/vm/ignition.ts';
import { startMachine } from '../../src/vm/machine.ts';
import type { SshKey } from '../../src/vm/ssh.ts';
import { createGuest, type TestGuest, testUser } from '../../src/vm/suites/guest.ts';
import { check, type Guest } from '../../src/vm/suites/system-test.ts';
import { testWork } from '../integration/fixture.ts';

/** Whom the tests are in a system, and what else it gets at its first boot. */
export function configFor(key: SshKey, files: Provisioning['files'] = []): string {
  return ignitionConfig({ users: [{ name: testUser, sshKeys: [key.publicKey] }], files });
}

/** The console that tests read: without it, metal has the screen alone. */
export const serialConsole = 'console=ttyS0,115200n8';

export interface LiveBoot {
  start: { cdrom: string } | { networkBoot: NetworkBoot };
  disk: EmptyDisk;
  firmware: Exclude<Firmware, 'uefi-secure'>;
  /** The commit that the medium holds. */
  commit: string;
  key: SshKey;
  /** For the console's log. */
  name: string;
}

/** Boots a live system beside an empty disk, and returns once its ssh answers. Disposing ends the machine. */
export async function bootLive(boot: LiveBoot): Promise<TestGuest & AsyncDisposable> {
  const { start, disk, firmware, commit, key, name } = boot;
  const cleanup = createCleanup();
  try {
    const reporter = silentReporter();
    const consoleLog = resolve(testWork, 'consoles', `${name}.log`);
    const architecture = hostArchitecture().name;
    const machine = await startMachine(
      { ...start, disk, architecture, firmware, memory: 2048, cpus: 2, network: 'host', consoleLog },
      reporter,
    );
    cleanup.defer(() => machine[Symbol.asyncDispose]());
    const guest = createGuest(machine, key, { commit, firmware, diskSize: machine.diskSize }, reporter.signal);
    await guest.reachable();
    return { ...guest, [Symbol.asyncDispose]: () => cleanup[Symbol.asyncDispose]() };
  } catch (error) {
    await cleanup[Symbol.asyncDispose]();
    throw error;
  }
}

/** Fails unless the system runs from its medium and from memory, /var is one that containers can be on, and nothing of it is a disk's. */
export async function requireLive(guest: Guest): Promise<void> {
  const types = await guest.output(
    'for path in / /var /boot; do findmnt --noheadings --output FSTYPE --target $path; done',
  );
  check(types === 'overlay\ntmpfs\noverlay', `the filesystems of /, /var and /boot are ${types}`);
  const store = await guest.output("sudo podman info --format '{{.Store.GraphDriverName}} {{.Store.GraphStatus}}'");
  check(/^overlay .*Native Overlay Diff:true/.test(store), `podman keeps containers in ${store}`);
  // The medium's own lies in a file.
  const labelled = await guest.output(
    'lsblk --noheadings --raw --output TYPE,LABEL | awk \'$2 == "root" { print $1 }\'',
  );
  check(labelled === 'loop', `the root filesystems of the machine are on ${labelled}`);
  check((await guest.run('sudo touch /usr/x')).exitCode !== 0, '/usr can be written to');
}

/** Installs the live system on its disk, with a console that tests can read, and boots it from there. */
export async function installAndReboot(guest: Guest, args: string): Promise<string> {
  const said = await guest.output(`sudo cosa-install /dev/vda --append-karg ${serialConsole} ${args}`);
  await guest.reboot();
  return said;
}
