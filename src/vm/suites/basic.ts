import { capabilities } from './basic/capabilities.ts';
import { commit } from './basic/commit.ts';
import { firmware } from './basic/firmware.ts';
import { growth } from './basic/growth.ts';
import { ignition, ignitionProvisioning } from './basic/ignition.ts';
import { immutableRoot } from './basic/immutable-root.ts';
import { packages } from './basic/packages.ts';
import { readOnlyUsr } from './basic/read-only-usr.ts';
import { repository } from './basic/repository.ts';
import { running } from './basic/running.ts';
import { ssh } from './basic/ssh.ts';
import { writableState } from './basic/writable-state.ts';
import type { TestSuite } from './system-test.ts';

export const basic: TestSuite = {
  name: 'basic',
  summary: 'boots, and is what the container says',
  provisioning: ignitionProvisioning,
  tests: [
    running,
    commit,
    firmware,
    readOnlyUsr,
    immutableRoot,
    writableState,
    ignition,
    ssh,
    growth,
    capabilities,
    repository,
    packages,
  ],
};
