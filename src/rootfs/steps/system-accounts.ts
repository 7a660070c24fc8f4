import { readTextInRoot, replaceInRoot } from '../../lib/root-files.ts';
import type { RootStep } from '../context.ts';
import { formatSysusers, parseGroups, parseUsers } from '../sysusers.ts';

/** Before the packages' own files: of two lines for one name, systemd-sysusers takes the first. */
const accountsPath = '/usr/lib/sysusers.d/00-cosa-accounts.conf';

/**
 * systemd-sysusers runs only where /usr is newer than the machine's mark of the last update, and the times of an ostree
 * tree are all the same: without this, never again after the first boot.
 */
const dropInPath = '/usr/lib/systemd/system/systemd-sysusers.service.d/00-cosa-every-boot.conf';
const dropIn = '# Updates bring accounts, and every /usr has the same time.\n[Unit]\nConditionNeedsUpdate=\n';

/**
 * Writes every system account down for systemd-sysusers. A machine's /etc/passwd is its own: an account that a package
 * made with a script would never reach machines that are updated, and another one not with the number that the files
 * of the tree have.
 */
export const systemAccounts: RootStep = {
  title: 'write down the system accounts',
  async run({ root, reporter, generated }) {
    const users = parseUsers(await readTextInRoot(root, '/etc/passwd'));
    const groups = parseGroups(await readTextInRoot(root, '/etc/group'));
    const { text, refused } = formatSysusers(users, groups);
    for (const name of refused) {
      reporter.warn(
        `machines that are updated will not get the account ${JSON.stringify(name)}: systemd-sysusers takes no such name`,
        'have it made by a unit of yours, or give it a name of letters, digits, "_" and "-"',
      );
    }
    if (text === '') return;
    await replaceInRoot(root, accountsPath, `# The system accounts of this build, with its numbers.\n${text}`);
    await replaceInRoot(root, dropInPath, dropIn);
    for (const path of [accountsPath, dropInPath]) generated.set(path, 'system-accounts');
  },
};
