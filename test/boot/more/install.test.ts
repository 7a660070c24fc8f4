import { expect, test } from 'vitest';
import { machineDirectory } from '../../../src/vm/prepare.ts';
import { createSshKey } from '../../../src/vm/ssh.ts';
import { capabilities } from '../../../src/vm/suites/basic/capabilities.ts';
import { commit } from '../../../src/vm/suites/basic/commit.ts';
import { firmware } from '../../../src/vm/suites/basic/firmware.ts';
import { growth } from '../../../src/vm/suites/basic/growth.ts';
import { immutableRoot } from '../../../src/vm/suites/basic/immutable-root.ts';
import { readOnlyUsr } from '../../../src/vm/suites/basic/read-only-usr.ts';
import { running } from '../../../src/vm/suites/basic/running.ts';
import { builtWorkDirectory } from '../../integration/fixture.ts';
import { bootLive, configFor, installAndReboot } from '../live.ts';
import { buildMedium, customized } from '../live-media.ts';

const network = '[Match]\nType=ether\nKind=!*\n\n[Network]\nDHCP=yes\nDescription=of the live system\n';

test('the ISO boots by UEFI, and installs on a disk with sectors of 4096 bytes; the network goes along', async () => {
  const work = await builtWorkDirectory();
  const medium = await buildMedium(work, 'live-iso');
  await using scratch = await machineDirectory();
  const key = await createSshKey(scratch.path);
  const config = configFor(key, [
    { path: '/etc/installed.ign', mode: 0o600, content: configFor(key) },
    { path: '/etc/systemd/network/20-copied.network', mode: 0o644, content: network },
  ]);
  await using guest = await bootLive({
    start: { cdrom: await customized(work, medium.path, scratch.path, config) },
    disk: { size: 5 * 1024 ** 3, sectorSize: 4096 },
    firmware: 'uefi',
    commit: medium.container['ostree-commit'],
    key,
    name: 'install-4k',
  });
  await installAndReboot(guest, '--ignition /etc/installed.ign --copy-network');
  for (const check of [running, commit, firmware, growth, readOnlyUsr, immutableRoot, capabilities]) {
    await check.run(guest);
  }
  expect(await guest.output('cat /etc/systemd/network/20-copied.network')).toBe(network.trim());
  expect(await guest.output('networkctl --no-pager status --all')).toContain('/etc/systemd/network/20-copied.network');
  expect(await guest.output('sudo ls /boot')).not.toMatch(/ignition|coreos-firstboot-network/);
});
