import { bootedDeployment } from '../basic/commit.ts';
import { requireRunning } from '../basic/running.ts';
import { check, type SystemTest } from '../system-test.ts';

export const rollback: SystemTest = {
  name: 'rollback',
  claim: 'the deployment before the one that runs can be made the next to boot',
  async run(guest) {
    const before = await bootedDeployment(guest);
    await guest.output('sudo ostree admin set-default 1');
    await guest.reboot();
    await requireRunning(guest);
    const after = await bootedDeployment(guest);
    check(after.serial !== before.serial, `${after.commit}.${after.serial} was booted again`);
  },
};
