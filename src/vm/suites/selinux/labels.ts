import { check, type Guest, type SystemTest } from '../system-test.ts';

/**
 * What restorecon would change. Not below /sysroot/ostree, where the deployment that is `/` stands again, which restorecon
 * takes for a circle; and not what the kernel makes and labels by itself.
 */
const relabel = 'sudo restorecon -nrv -e /sysroot/ostree -e /dev/pts -e /proc -e /sys /';

/** @throws CosaError `CHECK_FAILED` with the first that have another label than the policy says */
export async function requireLabels(guest: Guest): Promise<void> {
  const { exitCode, stdout, stderr } = await guest.run(relabel);
  check(exitCode === 0, `restorecon: exit status ${exitCode}\n${stderr}`.trimEnd());
  const wrong = stdout.split('\n').filter((line) => line !== '');
  check(wrong.length === 0, `labels that are wrong: ${wrong.length}\n${wrong.slice(0, 40).join('\n')}`);
}

export const labels: SystemTest = {
  name: 'labels',
  claim: 'each file has the label that the policy says',
  run: requireLabels,
};
