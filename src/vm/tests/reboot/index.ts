import type { TestSuite } from '../system-test.ts';
import { secondBoot } from './second-boot.ts';

export const rebooting: TestSuite = {
  name: 'reboot',
  summary: 'boots a second time, and has kept its state',
  provisioning: {},
  tests: [secondBoot],
};
