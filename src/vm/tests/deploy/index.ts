import type { TestSuite } from '../system-test.ts';
import { deployment } from './deployment.ts';

export const deploy: TestSuite = {
  name: 'deploy',
  summary: 'updates itself with ostree and boots into the update',
  provisioning: {},
  tests: [deployment],
};
