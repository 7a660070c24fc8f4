import { check, type SystemTest } from '../system-test.ts';

export const readOnlyUsr: SystemTest = {
  name: 'read-only-usr',
  claim: '/usr is read-only, even for root',
  async run(guest) {
    const options = await guest.output('findmnt --noheadings --output OPTIONS --target /usr');
    check(options.split(',').includes('ro'), `/usr is mounted with ${options}`);
    const { exitCode } = await guest.run('sudo touch /usr/cosa-test');
    check(exitCode !== 0, 'root can write to /usr');
  },
};
