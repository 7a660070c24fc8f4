import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { requireRunning } from '../../../src/vm/suites/basic/running.ts';
import { testWork } from '../../integration/fixture.ts';
import { bootDisk } from '../boot-disk.ts';
import { builtContainer } from '../built-container.ts';

const status = "cosa-update status | grep --after-context 3 '^booted:'";

/** What a container without anything of ours lacks. */
const withoutOurs = 'rm -rf /usr/share/coreos-assembler /usr/lib/coreos-assembler';

test('an ordinary container, one layer and nothing of ours in it, boots by UEFI and upgrades from its registry', async () => {
  // One layer of it all: nothing is left of the operating system's own.
  await using built = await builtContainer('ordinary', ['--squash']);
  await built.push('1', [withoutOurs, 'echo one > /etc/ordinary.conf']);
  const { path: disk, version, container } = await built.makeDisk();
  expect(version).toBe('1');
  const commit = container['ostree-commit'];
  await using guest = await bootDisk({
    disk,
    commit,
    files: built.hostFiles,
    firmware: 'uefi',
    consoleLog: resolve(testWork, 'consoles/ordinary.log'),
  });
  await requireRunning(guest);
  expect(await guest.output(status)).toBe(
    `booted: 1\n  reference  ${built.reference}\n  digest     ${container.digest}\n  commit     ${commit}`,
  );
  await guest.output('sudo ostree fsck --quiet');

  await built.push('2', [withoutOurs, 'echo two > /etc/ordinary.conf']);
  await guest.output('sudo cosa-update upgrade');
  const next = await built.makeDisk();
  await guest.reboot();
  await requireRunning(guest);
  expect(await guest.output(status)).toContain(`commit     ${next.container['ostree-commit']}`);
  expect(await guest.output('cat /etc/ordinary.conf')).toBe('two');
});
