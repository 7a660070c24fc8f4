import type { TestSuite } from '../system-test.ts';
import { capabilities } from './capabilities.ts';
import { commit } from './commit.ts';
import { firmware } from './firmware.ts';
import { growth } from './growth.ts';
import { ignition, ignitionProvisioning } from './ignition.ts';
import { packages } from './packages.ts';
import { readOnlyUsr } from './read-only-usr.ts';
import { running } from './running.ts';
import { ssh } from './ssh.ts';
import { writableState } from './writable-state.ts';

export const basic: TestSuite = {
  name: 'basic',
  summary: 'boots, and is what the container says',
  provisioning: ignitionProvisioning,
  tests: [running, commit, firmware, readOnlyUsr, writableState, ignition, ssh, growth, capabilities, packages],
};
