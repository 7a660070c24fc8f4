import { expect, test } from 'vitest';
import { stateOverlays } from '../../../src/rootfs/steps/state-overlays.ts';
import { topLevel } from '../../../src/rootfs/steps/top-level.ts';
import { contextFor, readTree, writeTree } from '../support.ts';

const requires = '/usr/lib/systemd/system/local-fs.target.requires';

test('/opt and /usr/local stay in the system, with an overlay each', async () => {
  const root = await writeTree({
    'opt/app/bin': 'app',
    'usr/local/bin/x': 'x',
    'usr/lib/systemd/system/ostree-state-overlay@.service': '',
  });
  const context = contextFor(root, { optUsrlocal: 'state-overlay' });
  await stateOverlays.run(context);
  await topLevel.run(context);
  expect(await readTree(root)).toMatchObject({
    '/opt': '→ usr/lib/opt',
    '/usr/lib/opt/app/bin': 'app',
    '/usr/local/bin/x': 'x',
    [`${requires}/ostree-state-overlay@usr-lib-opt.service`]: '→ ../ostree-state-overlay@usr-lib-opt.service',
    [`${requires}/ostree-state-overlay@usr-local.service`]: '→ ../ostree-state-overlay@usr-local.service',
  });
});

test('a system whose ostree is too old is refused', async () => {
  const context = contextFor(await writeTree({}), { optUsrlocal: 'state-overlay' });
  await expect(stateOverlays.run(context)).rejects.toMatchObject({
    code: 'UNITS_NOT_ENABLED',
    exitStatus: 2,
    message: '"opt-usrlocal: state-overlay" needs ostree-state-overlay@.service, and no package has it',
  });
});

test('nothing is enabled for others', async () => {
  const root = await writeTree({});
  await stateOverlays.run(contextFor(root, { optUsrlocal: 'root' }));
  expect(await readTree(root)).toEqual({});
});
