import type { Provisioning } from '../../ignition.ts';
import { check, type SystemTest } from '../system-test.ts';

const file = { path: '/etc/cosa-test/file', mode: 0o640, content: 'written by Ignition\n' };
const unit = {
  name: 'cosa-test.service',
  content: [
    '[Unit]',
    'Description=Written by Ignition',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    'ExecStart=/bin/true',
    '[Install]',
    'WantedBy=multi-user.target',
    '',
  ].join('\n'),
};

/** What the test looks for. */
export const ignitionProvisioning: Provisioning = { files: [file], units: [unit] };

export const ignition: SystemTest = {
  name: 'ignition',
  claim: 'Ignition has made a user with a key, a file and a unit, and will not run again',
  async run(guest) {
    const keys = await guest.output('cat ~/.ssh/authorized_keys ~/.ssh/authorized_keys.d/* 2>/dev/null || true');
    check(keys.includes(guest.publicKey), `the user's key is not among the authorized ones:\n${keys}`);
    const found = await guest.output(`sudo stat --format '%a %U' ${file.path} && sudo cat ${file.path}`);
    check(found === `640 root\n${file.content.trim()}`, `${file.path} is\n${found}`);
    const active = await guest.run(`systemctl is-active ${unit.name}`);
    check(active.stdout.trim() === 'active', `${unit.name} is ${active.stdout.trim()}`);
    const stamp = await guest.run('test -e /boot/ignition.firstboot');
    check(stamp.exitCode !== 0, '/boot/ignition.firstboot is still there: Ignition would run at every boot');
  },
};
