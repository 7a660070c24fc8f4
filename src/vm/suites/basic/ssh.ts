import { testUser } from '../guest.ts';
import { check, type SystemTest } from '../system-test.ts';

export const ssh: SystemTest = {
  name: 'ssh',
  claim: 'core logs in over the forwarded port with its key and may become root',
  async run(guest) {
    const user = await guest.output('id --user --name');
    check(user === testUser, `logged in as ${user}`);
    const root = await guest.output('sudo id --user');
    check(root === '0', `sudo gives the user ${root}`);
    const keys = await guest.output('find /etc/ssh -name "ssh_host_*_key" -newer /etc/machine-id');
    check(keys !== '', "the server's host keys are older than the machine's id: they came with the image");
  },
};
