import { check, type Guest, type SystemTest } from '../system-test.ts';

export const commit: SystemTest = {
  name: 'commit',
  claim: "/ is the container's ostree commit",
  async run(guest) {
    const booted = await bootedDeployment(guest);
    const { commit: expected } = guest.expected;
    check(booted.commit === expected, `/ is ${booted.commit}, the container holds ${expected}`);
  },
};

/** Shell: what prints the checksum of the commit that runs. */
export const printBootedCommit = "sudo ostree admin status | sed -n 's/^\\* [^ ]* \\([0-9a-f]*\\)\\..*/\\1/p'";

/** The deployment that runs: ostree finds it by the device and inode of `/`. */
export async function bootedDeployment(guest: Guest): Promise<{ commit: string; serial: string }> {
  const status = await guest.output('sudo ostree admin status');
  const [, found, serial] = /^\* \S+ ([0-9a-f]{64})\.(\d+)/m.exec(status) ?? [];
  check(found !== undefined && serial !== undefined, `no deployment is booted:\n${status}`);
  return { commit: found, serial };
}
