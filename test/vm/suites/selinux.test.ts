import { expect, test } from 'vitest';
import { enforcing } from '../../../src/vm/suites/selinux/enforcing.ts';
import { labels } from '../../../src/vm/suites/selinux/labels.ts';
import { unlabelled } from '../../../src/vm/suites/selinux/unlabelled.ts';
import { check, type Guest } from '../../../src/vm/suites/system-test.ts';

/** A guest that answers commands by what is part of them. */
function guestWith(answers: Readonly<Record<string, string>>, exitCode = 0): Guest {
  const run = async (command: string) => {
    const [, stdout = ''] = Object.entries(answers).find(([part]) => command.includes(part)) ?? [];
    return { stdout, stderr: exitCode === 0 ? '' : 'broken', exitCode };
  };
  return {
    expected: { commit: 'ab'.repeat(32), firmware: 'bios', diskSize: 2 ** 33 },
    publicKey: 'ssh-ed25519 AAAA',
    run,
    output: async (command) => {
      const { stdout } = await run(command);
      check(exitCode === 0, command);
      return stdout.trim();
    },
    reboot: () => Promise.reject(new Error('no reboot here')),
  };
}

test.each([
  ['0', 'SELinux is permissive'],
  ['none', 'SELinux is not there'],
])('a system that says %s does not enforce', async (mode, message) => {
  await expect(enforcing.run(guestWith({ enforce: mode }))).rejects.toThrow(message);
});

test('a system that enforces runs without failed units', async () => {
  await enforcing.run(guestWith({ enforce: '1', 'is-system-running': 'running' }));
});

test('what restorecon would change is a finding, and so is a restorecon that fails', async () => {
  await labels.run(guestWith({ restorecon: '\n' }));
  const line = 'Would relabel /boot from system_u:object_r:unlabeled_t:s0 to system_u:object_r:boot_t:s0';
  await expect(labels.run(guestWith({ restorecon: `${line}\n` }))).rejects.toThrow(`labels that are wrong: 1\n${line}`);
  await expect(labels.run(guestWith({ restorecon: '' }, 255))).rejects.toThrow('restorecon: exit status 255\nbroken');
});

test('files without a label are named', async () => {
  await unlabelled.run(guestWith({ find: '' }));
  await expect(unlabelled.run(guestWith({ find: '/sysroot\n/sysroot/boot\n' }))).rejects.toThrow(
    'there are files without a label\n/sysroot\n/sysroot/boot',
  );
});
