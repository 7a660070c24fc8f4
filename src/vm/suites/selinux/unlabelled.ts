import { check, type Guest, type SystemTest } from '../system-test.ts';

/** @throws CosaError `CHECK_FAILED` with the first that have none */
export async function requireAllLabelled(guest: Guest): Promise<void> {
  const found = await guest.output("sudo find /sysroot /boot -context '*unlabeled_t*'");
  check(found === '', `there are files without a label\n${found.split('\n').slice(0, 40).join('\n')}`);
}

export const unlabelled: SystemTest = {
  name: 'unlabelled',
  claim: 'nothing on the disk is without a label, not what lies below mount points either',
  run: requireAllLabelled,
};
