import { expect, it } from 'vitest';
import { databaseComponent, rootComponents } from '../../../../src/flows/container/next-build/components.ts';
import type { InstalledPackage } from '../../../../src/packages/backend.ts';

const layout = { kernelRelease: '6.1', aliases: new Map([['/bin', '/usr/bin']]) };

function installed(name: string, source: string, changed: number, paths: string[]): InstalledPackage {
  return { name, version: '1', architecture: 'amd64', source, size: 1, changed, paths };
}

it('puts the binaries of a source together, where their files end up in the ostree root', () => {
  const packages = [
    installed('tool-common', 'tool', 3, ['/etc/tool.conf']),
    installed('tool', 'tool', 5, ['/bin/tool', '/run/gone']),
    installed('linux-image', 'linux', 9, ['/boot/vmlinuz-6.1']),
  ];
  expect(rootComponents(packages, { kernelRelease: '6.1', layout, components: [] })).toEqual([
    { name: 'linux', packages: ['linux-image'], changed: 9, paths: ['/usr/lib/modules/6.1/vmlinuz'] },
    { name: 'tool', packages: ['tool', 'tool-common'], changed: 5, paths: ['/usr/bin/tool', '/usr/etc/tool.conf'] },
  ]);
});

it('names packages of one name once', () => {
  const packages = [
    installed('tool', 'tool', 1, ['/usr/lib/a/tool']),
    installed('tool', 'tool', 1, ['/usr/lib/b/tool']),
  ];
  expect(rootComponents(packages, { kernelRelease: '6.1', layout, components: [] })).toEqual([
    { name: 'tool', packages: ['tool'], changed: 1, paths: ['/usr/lib/a/tool', '/usr/lib/b/tool'] },
  ]);
});

it('gives a path that the build made to the build, whatever a package says', () => {
  const generated = { name: 'overlay/05core', packages: [], changed: 0, paths: ['/usr/etc/tool.conf'] };
  const packages = [installed('tool', 'tool', 1, ['/etc/tool.conf', '/usr/bin/tool'])];
  const components = rootComponents(packages, { kernelRelease: '6.1', layout, components: [generated] });
  expect(components.map(({ name, paths }) => [name, paths])).toEqual([
    ['overlay/05core', ['/usr/etc/tool.conf']],
    ['tool', ['/usr/bin/tool']],
  ]);
});

it('knows the package database by its directory', () => {
  const paths = ['/usr/share/rpm/rpmdb.sqlite', '/usr/share/rpms/other', '/usr/share/rpm/a'];
  expect(databaseComponent(paths, '/usr/share/rpm')).toEqual({
    name: 'package-database',
    packages: [],
    changed: 0,
    paths: ['/usr/share/rpm/a', '/usr/share/rpm/rpmdb.sqlite'],
  });
});
