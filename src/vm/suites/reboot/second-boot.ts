import { requireRunning } from '../basic/running.ts';
import { check, type SystemTest } from '../system-test.ts';

const bootId = 'cat /proc/sys/kernel/random/boot_id';

export const secondBoot: SystemTest = {
  name: 'second-boot',
  claim: 'the system reboots, comes back without failed units, and has kept its state',
  async run(guest) {
    await guest.output('echo kept | sudo tee /var/cosa-kept /etc/cosa-kept');
    const machineId = await guest.output('cat /etc/machine-id');
    const before = await guest.output(bootId);
    await guest.reboot();
    const after = await guest.output(bootId);
    check(before !== after, 'the boot id is the same: the system did not reboot');
    await requireRunning(guest);
    const kept = await guest.output('cat /var/cosa-kept /etc/cosa-kept');
    check(kept === 'kept\nkept', `files in /var and /etc hold "${kept}" after the reboot`);
    const machineIdAfter = await guest.output('cat /etc/machine-id');
    check(machineId === machineIdAfter, 'the machine id has changed');
    const commandLine = await guest.output('cat /proc/cmdline');
    check(!/\bignition\.firstboot\b/.test(commandLine), 'the second boot was a first boot again');
  },
};
