import { basic } from './basic/index.ts';
import { deploy } from './deploy/index.ts';
import { rebooting } from './reboot/index.ts';
import type { TestSuite } from './system-test.ts';

/** Every suite. A new one is a directory beside this file and an entry here. */
export const suites: readonly TestSuite[] = [basic, rebooting, deploy];
