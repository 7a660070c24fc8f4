import { basic } from './suites/basic.ts';
import { deploy } from './suites/deploy.ts';
import { rebooting } from './suites/reboot.ts';
import { selinux } from './suites/selinux.ts';
import type { TestSuite } from './suites/system-test.ts';

/** Every suite. A new one is a directory beside this file and an entry here. */
export const suites: readonly TestSuite[] = [basic, rebooting, deploy, selinux];
