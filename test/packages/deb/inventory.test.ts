import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { debBackend } from '../../../src/packages/deb.ts';
import { writeTree } from './root.ts';

const status = `Package: shell
Status: install ok installed
Installed-Size: 3
Architecture: amd64
Multi-Arch: foreign
Version: 1:2.0-1

Package: library
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Source: toolkit (1.0)
Version: 1.0-1+b1

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1

Package: alternative
Status: install ok installed
Architecture: all
Version: 3
`;

describe('a root of dpkg', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cosa-test-'));
    const database = 'var/lib/dpkg';
    await writeTree(root, {
      bin: '-> usr/bin',
      'usr/bin/sh': 'alternative',
      'usr/bin/tool': 'shell',
      'usr/bin/sh.diverted': 'shell',
      'usr/lib/library.so': '-> library.so.1',
      'usr/lib/library.so.1': 'library',
      'usr/lib/absolute': '-> /usr/bin',
      'etc/shell.conf': 'x',
      [`${database}/status`]: status,
      [`${database}/status-old`]: 'old',
      [`${database}/lock`]: '',
      [`${database}/updates/0001`]: '',
      [`${database}/changelog-dates`]: 'library 1700000001\nshell 1700000000\n',
      [`${database}/diversions`]: '/usr/bin/sh\n/usr/bin/sh.diverted\nalternative\n',
      // Old packages list paths below a directory that is a link today; the link belongs to one of those that list it.
      [`${database}/info/shell.list`]:
        '/.\n/bin\n/bin/tool\n/usr/bin/sh\n/etc\n/etc/shell.conf\n/usr/share/doc/shell/README\n',
      [`${database}/info/library:amd64.list`]:
        '/.\n/usr/lib\n/usr/lib/library.so\n/usr/lib/library.so.1\n/usr/lib/absolute/x\n',
      [`${database}/info/alternative.list`]: '/bin\n/usr/bin/sh\n',
    });
  });
  afterEach(() => rm(root, { recursive: true }));

  test('has an inventory: what is there, where it really is, by whom', async () => {
    expect(await debBackend.inventory(root)).toEqual([
      {
        name: 'alternative',
        version: '3',
        architecture: 'all',
        source: 'alternative',
        size: 0,
        changed: 0,
        paths: ['/bin', '/usr/bin/sh'],
      },
      {
        name: 'library',
        version: '1.0-1+b1',
        architecture: 'amd64',
        source: 'toolkit',
        size: 0,
        changed: 1_700_000_001,
        paths: ['/usr/lib/library.so', '/usr/lib/library.so.1'],
      },
      {
        name: 'shell',
        version: '1:2.0-1',
        architecture: 'amd64',
        source: 'shell',
        size: 3072,
        changed: 1_700_000_000,
        paths: ['/etc/shell.conf', '/usr/bin/sh.diverted', '/usr/bin/tool'],
      },
    ]);
  });

  test('keeps its inventory when it is finalized, and loses what is of the build', async () => {
    const before = await debBackend.inventory(root);
    await writeTree(root, {
      'var/log/apt/history.log': 'x',
      'var/cache/debconf/config.dat': 'x',
      'etc/passwd-': 'x',
      'etc/passwd': 'x',
      'etc/machine-id': 'x',
      'etc/ssh/ssh_host_rsa_key': 'x',
      'etc/ssh/sshd_config': 'x',
      'var/lib/systemd/random-seed': 'x',
      vmlinuz: '-> boot/vmlinuz-6',
    });
    await debBackend.finalize(root);
    expect(await debBackend.inventory(root)).toEqual(before);
    const database = 'usr/lib/sysimage/dpkg';
    expect((await readdir(join(root, database))).sort()).toEqual(['changelog-dates', 'diversions', 'info', 'status']);
    expect(await readlink(join(root, 'var/lib/dpkg'))).toBe(`../../${database}`);
    expect(await readFile(join(root, 'usr/lib/tmpfiles.d/dpkg-database.conf'), 'utf8')).toBe(
      `L /var/lib/dpkg - - - - ../../${database}\n`,
    );
    expect(await readdir(join(root, 'etc'))).toEqual(['passwd', 'shell.conf', 'ssh']);
    expect(await readdir(join(root, 'etc/ssh'))).toEqual(['sshd_config']);
    expect(await readdir(join(root, 'var/log'))).toEqual(['apt']);
    expect(await readdir(join(root, 'var/log/apt'))).toEqual([]);
    expect(await readdir(join(root, 'var/cache/debconf'))).toEqual([]);
    expect(await readdir(join(root, 'var/lib/systemd'))).toEqual([]);
    expect(await readdir(root)).not.toContain('vmlinuz');
    // A second time changes nothing.
    await debBackend.finalize(root);
    expect(await debBackend.inventory(root)).toEqual(before);
  });

  test('has to have a database', async () => {
    await rm(join(root, 'var'), { recursive: true });
    await expect(debBackend.inventory(root)).rejects.toMatchObject({ code: 'PACKAGE_DATABASE_MISSING' });
  });
});
