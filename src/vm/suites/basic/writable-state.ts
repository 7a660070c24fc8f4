import { check, type SystemTest } from '../system-test.ts';

export const writableState: SystemTest = {
  name: 'writable-state',
  claim: '/etc, /var and home directories can be written to',
  async run(guest) {
    for (const directory of ['/etc', '/var', '/var/lib', '/root']) {
      const file = `${directory}/cosa-writable`;
      const written = await guest.output(`sudo sh -c 'echo state > ${file} && cat ${file} && rm ${file}'`);
      check(written === 'state', `${file} holds "${written}"`);
    }
    await guest.output('touch ~/cosa-writable && rm ~/cosa-writable');
  },
};
