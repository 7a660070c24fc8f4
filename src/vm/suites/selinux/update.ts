import { repository } from '../basic/repository.ts';
import { deployment } from '../deploy/deployment.ts';
import type { SystemTest } from '../system-test.ts';
import { requireLabels } from './labels.ts';
import { requireAllLabelled } from './unlabelled.ts';

export const update: SystemTest = {
  name: 'update',
  claim: 'a deployment that is made in the running system boots and is labelled as the first one was',
  async run(guest) {
    await deployment.run(guest);
    await requireLabels(guest);
    await requireAllLabelled(guest);
    await repository.run(guest);
  },
};
