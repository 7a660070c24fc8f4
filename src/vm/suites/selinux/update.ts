import { bootedDeployment, printBootedCommit } from '../basic/commit.ts';
import { repository } from '../basic/repository.ts';
import { requireRunning } from '../basic/running.ts';
import { check, type SystemTest } from '../system-test.ts';
import { requireLabels } from './labels.ts';
import { requireAllLabelled } from './unlabelled.ts';

export const update: SystemTest = {
  name: 'update',
  claim: 'a deployment that is made in the running system boots and is labelled as the first one was',
  async run(guest) {
    const before = await bootedDeployment(guest);
    await guest.output(`sudo ostree admin deploy "$(${printBootedCommit})"`);
    await guest.reboot();
    await requireRunning(guest);
    const after = await bootedDeployment(guest);
    check(after.serial !== before.serial, `the old deployment ${after.commit}.${after.serial} was booted`);
    await requireLabels(guest);
    await requireAllLabelled(guest);
    await repository.run(guest);
  },
};
