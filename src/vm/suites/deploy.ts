import { deployment } from './deploy/deployment.ts';
import type { TestSuite } from './system-test.ts';

export const deploy: TestSuite = {
  name: 'deploy',
  summary: 'updates itself with ostree and boots into the update',
  provisioning: {},
  tests: [deployment],
};
