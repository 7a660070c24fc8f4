import { check, type SystemTest } from '../system-test.ts';

export const immutableRoot: SystemTest = {
  name: 'immutable-root',
  claim: 'nothing can be made in / itself, even by root',
  async run(guest) {
    const flags = await guest.output('sudo lsattr -d /');
    check(/^\S*i\S* /.test(flags), `/ has the flags ${flags}`);
    const { exitCode } = await guest.run('sudo touch /cosa-test');
    check(exitCode !== 0, 'root can make a file in /');
  },
};
