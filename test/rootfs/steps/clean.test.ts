import { describe, expect, it } from 'vitest';
import { clean, withoutPasswordDates } from '../../../src/rootfs/steps/clean.ts';
import { forgetHost } from '../../../src/rootfs/steps/forget-host.ts';
import { machineId } from '../../../src/rootfs/steps/machine-id.ts';
import { contextFor, modeOf, readTree, writeTree } from '../support.ts';

describe('clean', () => {
  it('removes backups, locks, marks and compiled Python, and dates in shadow', async () => {
    const root = await writeTree({
      'etc/passwd': 'p',
      'etc/passwd-': 'p',
      'etc/shadow-': 's',
      'etc/.pwd.lock': '',
      'etc/.updated': '',
      'etc/shadow': 'root:*:19000:0:99999:7:::\nx:!:::::::\n',
      'usr/lib/python3/a.py': 'a',
      'usr/lib/python3/__pycache__/a.cpython-313.pyc': 'c',
      'var/.updated': '',
      'var/lib/kept': 'k',
    });
    await clean.run(contextFor(root));
    const files = Object.entries(await readTree(root)).filter(([path]) => !path.endsWith('/'));
    expect(Object.fromEntries(files)).toEqual({
      '/etc/passwd': 'p',
      '/etc/shadow': 'root:*::0:99999:7:::\nx:!:::::::\n',
      '/usr/lib/python3/a.py': 'a',
      '/var/lib/kept': 'k',
    });
  });
});

describe('withoutPasswordDates', () => {
  it('leaves every other field', () => {
    expect(withoutPasswordDates('a:$y$j9T$x:19675:0:99999:7:30:20000:\nb::0:\n')).toBe(
      'a:$y$j9T$x::0:99999:7:30:20000:\nb:::\n',
    );
  });
});

describe('forgetHost', () => {
  it('removes what names the machine, but no links, which say where to find it', async () => {
    const root = await writeTree({
      'etc/hostname': 'builder',
      'etc/machine-id': 'abc',
      'etc/resolv.conf': { link: '../run/systemd/resolve/stub-resolv.conf' },
      'etc/ssh/ssh_host_rsa_key': 'secret',
      'etc/ssh/ssh_host_rsa_key.pub': 'public',
      'etc/ssh/sshd_config': 'kept',
      'var/lib/systemd/random-seed': 'seed',
    });
    await forgetHost.run(contextFor(root));
    expect(Object.keys(await readTree(root)).filter((path) => !path.endsWith('/'))).toEqual([
      '/etc/resolv.conf',
      '/etc/ssh/sshd_config',
    ]);
  });
});

describe('machineId', () => {
  it.each([
    [true, { '/machine-id': 'uninitialized\n' }],
    [false, {}],
  ])('machineid-compat %s', async (machineIdCompat, expected) => {
    const root = await writeTree({ 'etc/machine-id': { content: '0123', mode: 0o444 } });
    await machineId.run(contextFor(root, { machineIdCompat }));
    expect(await readTree(`${root}/etc`)).toEqual(expected);
    if (machineIdCompat) expect(await modeOf(`${root}/etc/machine-id`)).toBe('0444');
  });
});
