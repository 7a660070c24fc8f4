import { deployment } from './deploy/deployment.ts';
import { rollback } from './deploy/rollback.ts';
import type { TestSuite } from './system-test.ts';

export const deploy: TestSuite = {
  name: 'deploy',
  summary: 'updates itself with ostree, boots into the update, and goes back',
  provisioning: {},
  tests: [deployment, rollback],
};
