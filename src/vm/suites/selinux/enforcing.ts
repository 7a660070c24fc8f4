import { requireRunning } from '../basic/running.ts';
import { check, type SystemTest } from '../system-test.ts';

export const enforcing: SystemTest = {
  name: 'enforcing',
  claim: 'SELinux enforces the policy, and no unit has failed under it',
  async run(guest) {
    const mode = await guest.output('cat /sys/fs/selinux/enforce 2>/dev/null || echo none');
    const said = mode === '1' ? 'enforcing' : mode === '0' ? 'permissive' : 'not there';
    check(mode === '1', `SELinux is ${said}`);
    await requireRunning(guest);
  },
};
