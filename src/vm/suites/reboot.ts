import { secondBoot } from './reboot/second-boot.ts';
import type { TestSuite } from './system-test.ts';

export const rebooting: TestSuite = {
  name: 'reboot',
  summary: 'boots a second time, and has kept its state',
  provisioning: {},
  tests: [secondBoot],
};
