import { check, type SystemTest } from '../system-test.ts';

export const repository: SystemTest = {
  name: 'repository',
  claim:
    "each object of the system's ostree repository is what its name says: content, owner, mode and extended attributes",
  async run(guest) {
    const { exitCode, stdout, stderr } = await guest.run('sudo ostree fsck --quiet');
    check(exitCode === 0, `ostree fsck: exit status ${exitCode}\n${stdout}${stderr}`.trimEnd());
  },
};
