import { check, type SystemTest } from '../system-test.ts';
import { printBootedCommit } from './commit.ts';
import { installedPackages } from './packages.ts';

/** Files that packages of either family are known to ship with capabilities, or to give them when installed. */
const known = [
  { package: 'iputils-arping', path: '/usr/bin/arping', capability: 'cap_net_raw' },
  { package: 'iputils', path: '/usr/bin/arping', capability: 'cap_net_raw' },
  { package: 'shadow-utils', path: '/usr/bin/newuidmap', capability: 'cap_setuid' },
] as const;

export const capabilities: SystemTest = {
  name: 'capabilities',
  claim: 'files have the capabilities that their packages gave them',
  async run(guest) {
    const actual = await guest.output('sudo getcap -r /usr/bin /usr/sbin /usr/lib /usr/libexec 2>/dev/null || true');
    const installed = await installedPackages(guest);
    for (const { package: name, path, capability } of known) {
      if (!installed.has(name)) continue;
      const line = actual.split('\n').find((candidate) => candidate.startsWith(`${path} `));
      check(line?.includes(capability) === true, `${path} of ${name} lacks ${capability}; getcap finds:\n${actual}`);
    }
    // And those of every other package: the commit says which files have the attribute.
    const committed = await guest.output(
      `sudo ostree --repo=/ostree/repo ls --recursive --xattrs "$(${printBootedCommit})" /usr | grep security.capability || true`,
    );
    const expectedPaths = paths(committed, / (\/\S+)$/);
    const actualPaths = paths(actual, /^(\/\S+) /);
    const missing = expectedPaths.filter((path) => !actualPaths.includes(path));
    check(missing.length === 0, `the commit has capabilities that the files lack: ${missing.join(', ')}`);
  },
};

function paths(text: string, pattern: RegExp): string[] {
  return text.split('\n').flatMap((line) => pattern.exec(line)?.[1] ?? []);
}
