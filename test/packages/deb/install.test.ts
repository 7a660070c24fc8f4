import { lstat, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readTree } from '../../rootfs/support.ts';
import type { TestPackage } from './local-repository.ts';
import { basePackage, installed, installedByDpkg, inTarget, packageCache } from './target.ts';

const divert = (name: string, path: string, to: string, flags = '--rename') =>
  `#!/bin/sh\nset -e\ndpkg-divert --package ${name} ${flags} --add --divert ${to} ${path}\n`;

const plain: TestPackage = {
  name: 'plain',
  files: { '/etc/plain.conf': 'original', '/usr/share/plain/f': 'original', '/usr/share/plain/g': 'original' },
  scripts: { conffiles: '/etc/plain.conf\n' },
};

/** What of a root a test compares: the files of the test's packages, and what dpkg says of them. */
async function describeRoot(root: string, packages: readonly string[]) {
  const files = Object.entries(await readTree(join(root, 'usr/share')));
  const database = join(root, 'var/lib/dpkg');
  const lists = await Promise.all(
    packages.map(async (name) => (await readFile(join(database, `info/${name}.list`), 'utf8')).split('\n').sort()),
  );
  return {
    files: Object.fromEntries(files.filter(([path]) => /^\/(plain|other)\//.test(path))),
    configuration: Object.fromEntries(
      Object.entries(await readTree(join(root, 'etc'))).filter(([path]) => path.startsWith('/plain')),
    ),
    lists,
    owners: (await inTarget(root, ['dpkg', '-S', '/usr/share/plain/*', '/etc/plain.conf*']))
      .split('\n')
      .map((line) => line.replace(/^.*?(?=: )/, (owners) => owners.split(', ').sort().join(', ')))
      .sort(),
    diversions: await readFile(join(database, 'diversions'), 'utf8'),
    conffiles: await inTarget(root, ['dpkg-query', '--show', '--showformat=${Conffiles}', 'plain']),
    states: await inTarget(root, [
      'dpkg-query',
      '--show',
      '--showformat=${Package} ${db:Status-Status}\\n',
      ...packages,
    ]),
  };
}

describe('diversions', () => {
  const diverting = { name: 'zz-divert' };
  const cases: Record<string, TestPackage> = {
    'of a file that the package brings itself': {
      ...diverting,
      files: { '/usr/share/plain/f': 'mine' },
      scripts: { preinst: divert('zz-divert', '/usr/share/plain/f', '/usr/share/plain/f.orig') },
    },
    "of another's file alone": {
      ...diverting,
      files: { '/usr/share/other/x': 'x' },
      scripts: { preinst: divert('zz-divert', '/usr/share/plain/f', '/usr/share/plain/moved') },
    },
    'of a configuration file': {
      ...diverting,
      files: { '/usr/share/other/x': 'x' },
      scripts: { preinst: divert('zz-divert', '/etc/plain.conf', '/etc/plain.conf.orig') },
    },
    'of nobody in particular': {
      ...diverting,
      files: { '/usr/share/other/x': 'x' },
      scripts: {
        preinst:
          '#!/bin/sh\nset -e\ndpkg-divert --local --rename --add --divert /usr/share/plain/g.local /usr/share/plain/g\n',
      },
    },
    'after the packages are unpacked': {
      ...diverting,
      files: { '/usr/share/other/x': 'x' },
      scripts: { postinst: divert('zz-divert', '/usr/share/plain/f', '/usr/share/plain/f.orig') },
    },
  };

  test.each(Object.entries(cases))('%s: as by dpkg', async (_, other) => {
    const cache = await packageCache([await basePackage(), plain, other]);
    const names = ['plain', 'zz-divert'];
    const built = await describeRoot(await installed(cache), names);
    expect(built).toEqual(await describeRoot(await installedByDpkg(cache, names), names));
    expect(built.diversions).toContain('plain');
  });
});

test('a script finds everything that unpacks without scripts, whole', async () => {
  const preinst =
    '#!/bin/sh\nset -e\nmkdir -p /usr/share\nset -- /usr/share/looked-for/*\necho "$*" > /usr/share/found\n';
  const cache = await packageCache([
    await basePackage(),
    { name: 'aa-looking', scripts: { preinst } },
    { name: 'zz-looked-for', files: { '/usr/share/looked-for/a': 'x', '/usr/share/looked-for/b': 'x' } },
  ]);
  const found = await readFile(join(await installed(cache), 'usr/share/found'), 'utf8');
  expect(found).toBe('/usr/share/looked-for/a /usr/share/looked-for/b\n');
});

test('a preinst that waits for ever is named by its package, not by its file', async () => {
  const preinst = '#!/bin/sh\necho "Setting up nothing"; while :; do read answer < /dev/zero; done\n';
  const { lock, context } = await packageCache([await basePackage(), plain, { name: 'hanging', scripts: { preinst } }]);
  await expect(installed({ lock, context: { ...context, silentSeconds: 5 } })).rejects.toMatchObject({
    code: 'PACKAGE_INSTALL_FAILED',
    message: 'a script of hanging said nothing for 5.0 s, and was ended',
  });
});

test('statoverrides that a preinst made hold for what is unpacked without dpkg', async () => {
  const preinst = '#!/bin/sh\nset -e\ndpkg-statoverride --add mail mail 2750 /usr/share/plain/f\n';
  const cache = await packageCache([await basePackage(), plain, { name: 'zz-override', scripts: { preinst } }]);
  const { mode, uid, gid } = await lstat(join(await installed(cache), 'usr/share/plain/f'));
  expect([(mode & 0o7777).toString(8), uid, gid]).toEqual(['2750', 8, 8]);
});

test('keeps files in the target where a link of the root would lead out of it', async () => {
  // Not in /tmp, of which each program of the target has its own.
  const host = await mkdtemp('/var/tmp/cosa-host-');
  onTestFinished(() => rm(host, { recursive: true }));
  const preinst = `#!/bin/sh\nset -e\nmkdir -p ${host} /usr/share\nln -s ${host} /usr/share/link\n`;
  const cache = await packageCache([
    await basePackage(),
    { name: 'linking', fields: { 'Pre-Depends': 'base' }, scripts: { preinst } },
    {
      name: 'zz-below',
      fields: { 'Pre-Depends': 'linking' },
      files: { '/usr/share/link/file': 'x' },
      scripts: { preinst: '#!/bin/sh\n' },
    },
  ]);
  const root = await installed(cache);
  expect(await readdir(host)).toEqual([]);
  expect(await readFile(join(root, host, 'file'), 'utf8')).toBe('x');
});
