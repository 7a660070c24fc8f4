import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { requireRunning } from '../../../src/vm/suites/basic/running.ts';
import { testWork } from '../../integration/fixture.ts';
import { bootDisk } from '../boot-disk.ts';
import { builtContainer } from '../built-container.ts';

// "Bring your own container" (docs/bring-your-own-container.md): one that buildah has derived from the example's.

const status = "cosa-update status | grep --after-context 3 '^booted:'";

test('a container derived from the example boots, and upgrades to the next one from its registry', async () => {
  await using built = await builtContainer('derived');
  await built.push('1', [
    'echo one > /etc/derived.conf && echo app > /usr/bin/app && chmod 755 /usr/bin/app',
    'mkdir -p /var/lib/app && echo data > /var/lib/app/data && echo changed >> /etc/motd',
  ]);
  const { path: disk, version, container } = await built.makeDisk();
  expect(version).toBe('1');
  const commit = container['ostree-commit'];
  await using guest = await bootDisk({
    disk,
    commit,
    files: built.hostFiles,
    consoleLog: resolve(testWork, 'consoles/derived.log'),
  });
  await requireRunning(guest);
  expect(await guest.output(status)).toBe(
    `booted: 1\n  reference  ${built.reference}\n  digest     ${container.digest}\n  commit     ${commit}`,
  );
  expect(await guest.output('cat /etc/derived.conf /usr/bin/app /var/lib/app/data')).toBe('one\napp\ndata');
  await guest.output('sudo ostree fsck --quiet');

  await built.push('2', ['echo two > /etc/derived.conf && echo second > /usr/share/second']);
  const received = 'cat /sys/class/net/e*/statistics/rx_bytes';
  const before = Number(await guest.output(received));
  await guest.output('sudo cosa-update upgrade');
  // Of the base nothing is fetched again, though buildah has compressed all of its layers anew.
  expect(Number(await guest.output(received)) - before).toBeLessThan(5 * 2 ** 20);
  const next = await built.makeDisk();
  await guest.reboot();
  await requireRunning(guest);
  // The machine has made of the container what a disk of it has.
  expect(await guest.output(status)).toContain(`booted: 2\n`);
  expect(await guest.output(status)).toContain(`commit     ${next.container['ostree-commit']}`);
  expect(await guest.output('cat /etc/derived.conf /usr/share/second')).toBe('two\nsecond');
  expect(await guest.output('test ! -e /usr/bin/app && cat /var/lib/app/data')).toBe('data');
  await guest.output('sudo ostree fsck --quiet');
});
