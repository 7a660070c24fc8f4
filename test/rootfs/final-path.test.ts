import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { finalPath, readAliases } from '../../src/rootfs/final-path.ts';
import type { RootLayout } from '../../src/rootfs/request.ts';
import { writeTree } from './support.ts';

const layout: RootLayout = {
  kernelRelease: '6.12.1-amd64',
  aliases: new Map([
    ['/bin', '/usr/bin'],
    ['/sbin', '/usr/sbin'],
    ['/usr/sbin', '/usr/bin'],
    ['/lib', '/usr/lib'],
    ['/opt', '/var/opt'],
    ['/root', '/var/roothome'],
    ['/usr/local', '/var/usrlocal'],
    ['/circle', '/circle/again'],
  ]),
};

describe('finalPath', () => {
  it.each([
    ['/usr/bin/env', '/usr/bin/env'],
    ['/etc/passwd', '/usr/etc/passwd'],
    ['/etc', '/usr/etc'],
    ['/etcetera/x', '/etcetera/x'],
    ['/bin/sh', '/usr/bin/sh'],
    ['/sbin/init', '/usr/bin/init'],
    ['/lib/modules/6.12.1-amd64/modules.dep', '/usr/lib/modules/6.12.1-amd64/modules.dep'],
    ['/boot/vmlinuz-6.12.1-amd64', '/usr/lib/modules/6.12.1-amd64/vmlinuz'],
    ['/boot/config-6.12.1-amd64', '/usr/lib/modules/6.12.1-amd64/config'],
    ['/boot/System.map-6.12.1-amd64', '/usr/lib/modules/6.12.1-amd64/System.map'],
    ['/boot/vmlinuz-5.0', undefined],
    ['/boot/grub/grub.cfg', undefined],
    ['/run/lock', undefined],
    ['/var/lib/app/data', '/usr/share/factory/var/lib/app/data'],
    ['/opt/app/run', '/usr/share/factory/var/opt/app/run'],
    ['/root/.profile', '/usr/share/factory/var/roothome/.profile'],
    ['/usr/local/bin/x', '/usr/share/factory/var/usrlocal/bin/x'],
    ['/lib', '/lib'],
  ])('%s → %s', (path, expected) => {
    expect(finalPath(layout, path)).toBe(expected);
  });

  it('ends, and gives the same for what it gave, whatever the path', () => {
    const part = fc.constantFrom('bin', 'sbin', 'lib', 'etc', 'usr', 'var', 'circle', 'boot', 'x');
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
        const path = finalPath(layout, `/${parts.join('/')}`);
        if (path === undefined || path.startsWith('/circle')) return;
        expect(finalPath(layout, path)).toBe(path);
      }),
    );
  });
});

describe('readAliases', () => {
  it('reads the links at the top and in /usr, absolute', async () => {
    const root = await writeTree({
      'usr/lib64': { link: 'lib' },
      'usr/local': { link: '../var/usrlocal' },
      'usr/lib/deeper': { link: 'elsewhere' },
      bin: { link: 'usr/bin' },
      home: { link: '/var/home' },
    });
    expect([...(await readAliases(root))].sort()).toEqual([
      ['/bin', '/usr/bin'],
      ['/home', '/var/home'],
      ['/usr/lib64', '/usr/lib'],
      ['/usr/local', '/var/usrlocal'],
    ]);
  });
});
