import { bootedDeployment, printBootedCommit } from '../basic/commit.ts';
import { requireRunning } from '../basic/running.ts';
import { check, type SystemTest } from '../system-test.ts';

export const deployment: SystemTest = {
  name: 'deployment',
  claim: 'a deployment that is made in the running system is what boots next',
  async run(guest) {
    const before = await bootedDeployment(guest);
    await guest.output(`sudo ostree admin deploy "$(${printBootedCommit})"`);
    await guest.reboot();
    await requireRunning(guest);
    const after = await bootedDeployment(guest);
    check(after.commit === before.commit, `the commit was ${before.commit} and is ${after.commit}`);
    check(after.serial !== before.serial, `the old deployment ${after.commit}.${after.serial} was booted`);
  },
};
