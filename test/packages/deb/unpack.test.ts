import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../../src/exec/run.ts';
import { createDatabase, enterUnpacked } from '../../../src/packages/deb/database.ts';
import { extractPackages } from '../../../src/packages/deb/extract.ts';
import { settleOwners } from '../../../src/packages/deb/owners.ts';
import { openPackageFiles, type PackageFile } from '../../../src/packages/deb/package-file.ts';
import { settleSharedPaths } from '../../../src/packages/deb/shared-paths.ts';
import { planUnpacking } from '../../../src/packages/deb/unpack-plan.ts';
import type { UnpackedPackage } from '../../../src/packages/deb/unpacked.ts';
import { buildPackage, controlText, type TestPackage } from './local-repository.ts';

function program(name: string, deb: string = name) {
  return { name, packages: { deb, rpm: deb }, purpose: 'makes packages for tests' };
}

/** Absolute paths of all that is no directory, as in the tree. */
async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .sort();
}

/** https://manpages.debian.org/deb.5 */
async function debOf(pieces: string): Promise<Buffer> {
  const parts: Buffer[] = [Buffer.from('!<arch>\n')];
  await writeFile(join(pieces, 'debian-binary'), '2.0\n');
  for (const name of ['debian-binary', 'control.tar', 'data.tar']) {
    const content = await readFile(join(pieces, name));
    const size = String(content.length).padEnd(10);
    parts.push(
      Buffer.from(
        `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${size}\`\n`,
      ),
    );
    parts.push(content, Buffer.alloc(content.length % 2, '\n'));
  }
  return Buffer.concat(parts);
}

describe('unpacking', () => {
  const { signal } = new AbortController();
  let directory: string;
  let root: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cosa-test-'));
    root = join(directory, 'root');
    await mkdir(root);
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function open(item: TestPackage): Promise<PackageFile> {
    return openFile(item.name, await buildPackage(item, directory));
  }
  async function openFile(name: string, file: string): Promise<PackageFile> {
    const locked = {
      name,
      version: '1.0',
      architecture: 'all',
      source: name,
      sha256: '',
      size: 0,
      repository: 'os',
      path: '',
    };
    const [opened] = await openPackageFiles([{ locked, file }], signal);
    if (opened === undefined) throw new Error(`${file} was not opened`);
    return opened;
  }
  async function extract(item: PackageFile): Promise<UnpackedPackage> {
    const [unpacked] = await extractPackages([item], root, { documentation: true }, signal);
    if (unpacked === undefined) throw new Error(`${item.locked.name} was left to dpkg`);
    return unpacked;
  }

  test('knows the date of a package from its archive', async () => {
    expect((await open({ name: 'dated' })).changed).toBe(Date.UTC(2025, 9, 1) / 1000);
  });

  test('leaves documentation out, but not licences', async () => {
    const item = await open({
      name: 'tool',
      files: {
        '/usr/bin/tool': 'x',
        '/usr/share/doc/tool/copyright': 'x',
        '/usr/share/doc/tool/changelog.gz': 'x',
        '/usr/share/doc/tool/README': 'x',
        '/usr/share/doc/tool/examples/copyright': 'x',
        '/usr/share/man/man1/tool.1.gz': 'x',
      },
    });
    const [unpacked] = await extractPackages([item], root, { documentation: false }, signal);
    const files = ['/usr/bin/tool', '/usr/share/doc/tool/copyright'];
    expect(unpacked?.paths.filter((path) => !path.endsWith('/'))).toEqual(files);
    // Changelogs are read before they are left out, too.
    expect(await filesBelow(root)).toEqual(['/usr/bin/tool', '/usr/share/doc/tool/changelog.gz', files[1]]);
  });

  test('lists members with unusual names as they are', async () => {
    const names = ['/back\\slash', '/tab\t', '/ümlaut', '/blank '];
    const item = await open({ name: 'odd', files: Object.fromEntries(names.map((name) => [name, 'x'])) });
    const { paths } = await extract(item);
    expect(paths.filter((path) => !path.endsWith('/')).sort()).toEqual(names.sort());
    expect(await filesBelow(root)).toEqual(names.sort());
  });

  test('plans: what scripts need comes first, scripts are for dpkg, the rest is files', async () => {
    const packages = [
      await open({ name: 'base', fields: { Essential: 'yes', Depends: 'missing | awk, libc (>= 2)' } }),
      await open({ name: 'gawk', fields: { Provides: 'awk' } }),
      await open({ name: 'helper', fields: { Depends: 'helper-data' } }),
      await open({ name: 'helper-data' }),
      await open({ name: 'kernel', fields: { 'Pre-Depends': 'helper' }, scripts: { preinst: '#!/bin/sh\n' } }),
      await open({ name: 'libc', scripts: { preinst: '#!/bin/sh\n' } }),
      await open({ name: 'listener', scripts: { triggers: '# comment\ninterest-noawait /usr/share/x\n' } }),
      await open({ name: 'plain', scripts: { triggers: 'activate-noawait ldconfig\n', postinst: '#!/bin/sh\n' } }),
    ];
    const plan = planUnpacking(packages);
    const names = (items: readonly PackageFile[]) => items.map(({ locked }) => locked.name);
    expect(names(plan.bootstrap)).toEqual(['base', 'gawk', 'helper', 'helper-data', 'libc']);
    expect(names(plan.scripted)).toEqual(['libc', 'kernel', 'listener']);
    expect(names(plan.plain)).toEqual(['plain']);
  });

  test('gives a file that two packages bring to the one that replaces the other', async () => {
    const files = { '/usr/share/common': 'old', '/usr/share/old': 'old' };
    const old = await open({ name: 'old', files });
    const next = await open({
      name: 'next',
      files: { '/usr/share/common': 'next' },
      fields: { Replaces: 'old (<< 2)' },
    });
    // In the wrong order, as it may happen.
    const extracted = [await extract(next), await extract(old)];
    const settled = await settleSharedPaths(root, extracted, [], new Map(), signal);
    expect(await readFile(join(root, 'usr/share/common'), 'utf8')).toBe('next');
    expect(settled.map(({ paths }) => paths.filter((path) => !path.endsWith('/')))).toEqual([
      ['/usr/share/common'],
      ['/usr/share/old'],
    ]);
  });

  test('refuses a file that two packages bring and neither gives up', async () => {
    const files = { '/usr/share/common': 'x' };
    const extracted = [
      await extract(await open({ name: 'one', files })),
      await extract(await open({ name: 'two', files })),
    ];
    await expect(settleSharedPaths(root, extracted, [], new Map(), signal)).rejects.toMatchObject({
      code: 'PACKAGE_FILE_CONFLICT',
      message: 'one and two both bring /usr/share/common, and neither replaces the other',
    });
  });

  test('enters packages so that dpkg knows them as unpacked, with the state of their configuration files', async () => {
    const item = await open({
      name: 'tool',
      files: { '/etc/tool.conf': 'setting', '/usr/bin/tool': 'x' },
      scripts: { conffiles: '/etc/tool.conf\n', postinst: '#!/bin/sh\n' },
    });
    await createDatabase(root);
    await enterUnpacked(root, [await extract(item)]);
    const database = join(root, 'var/lib/dpkg');
    const query = { name: 'dpkg-query', packages: { deb: 'dpkg', rpm: 'dpkg' }, purpose: 'reads what was written' };
    const format = '${db:Status-Status} ${Version}${Conffiles}\\n';
    const { stdout } = await run(query, [`--admindir=${database}`, '--show', `--showformat=${format}`, 'tool']);
    expect(stdout).toBe('unpacked 1.0 /etc/tool.conf 7dc22b2c6a992f0232345df41303f5ea\n');
    const list = await run(query, [`--admindir=${database}`, '--listfiles', 'tool']);
    expect(list.stdout.split('\n')).toEqual(['/.', '/etc', '/etc/tool.conf', '/usr', '/usr/bin', '/usr/bin/tool', '']);
  });

  test('leaves a package to the target where a link would lead its files out of the root', async () => {
    const host = join(directory, 'host');
    await mkdir(host);
    await symlink(host, join(root, 'data'));
    await symlink('../../etc', join(root, 'inside'));
    await mkdir(join(root, 'etc'));
    const out = await open({ name: 'out', files: { '/data/deep/file': 'x' } });
    expect(await extractPackages([out], root, { documentation: true }, signal)).toEqual([]);
    expect(await readdir(host)).toEqual([]);
    const climbing = await open({ name: 'climbing', files: { '/inside/file': 'x' } });
    expect(await extractPackages([climbing], root, { documentation: true }, signal)).toEqual([]);
  });

  /** A package of what a script makes, with members as tar is told to write them. */
  async function pack(name: string, tarArguments: readonly string[], change: string): Promise<PackageFile> {
    const pieces = join(directory, `pieces-${name}`);
    await mkdir(join(pieces, 'tree'), { recursive: true });
    await mkdir(join(pieces, 'control'));
    await writeFile(join(pieces, 'control/control'), controlText({ name }));
    await run(program('sh', 'dash'), ['-ec', change], { cwd: join(pieces, 'tree') });
    await run(program('tar'), ['--create', '--file=control.tar', '--directory=control', '.'], { cwd: pieces });
    await run(program('tar'), ['--create', '--file=data.tar', '--directory=tree', ...tarArguments], { cwd: pieces });
    const file = join(directory, `${name}.deb`);
    await writeFile(file, await debOf(pieces));
    return openFile(name, file);
  }

  test.each([
    ['a directory where the root has a file', 'mkdir -p share/x; echo x > share/x/f', { 'share/x': 'file' }],
    ['a file where the root has a directory', 'mkdir share; echo x > share/x', { 'share/x/y': 'file' }],
    ['a pipe', 'mkdir share; mkfifo share/x', {}],
    ['a file in the place of the root', 'ln -s / share', {}, '--transform=s,share,./,'],
  ])(
    'leaves a package to the target that has %s',
    async (_, change, present: Record<string, string>, ...how: string[]) => {
      for (const [path, text] of Object.entries(present)) {
        await mkdir(join(root, path, '..'), { recursive: true });
        await writeFile(join(root, path), text);
      }
      const item = await pack('odd', [...how, 'share'], change);
      expect(await extractPackages([item], root, { documentation: true }, signal)).toEqual([]);
    },
  );

  test('writes over files and links of other packages, and through links to directories', async () => {
    await mkdir(join(root, 'usr/lib'), { recursive: true });
    await symlink('usr/lib', join(root, 'lib'));
    await writeFile(join(root, 'usr/lib/file'), 'a longer text than the new one');
    await symlink('/etc/passwd', join(root, 'usr/lib/link'));
    const item = await open({ name: 'over', files: { '/lib/file': 'new', '/lib/link': 'file', '/lib/new': 'x' } });
    await extract(item);
    expect(await readFile(join(root, 'usr/lib/file'), 'utf8')).toBe('new');
    expect(await readFile(join(root, 'usr/lib/link'), 'utf8')).toBe('file');
    expect(await readFile(join(root, 'usr/lib/new'), 'utf8')).toBe('x');
    expect((await lstat(join(root, 'lib'))).isSymbolicLink()).toBe(true);
  });

  test('gives a directory of several packages the mode of the last, whichever is the largest', async () => {
    const directoryOf = (name: string, mode: string, size: number) =>
      pack(name, ['share'], `mkdir -m ${mode} share; head -c ${size} /dev/zero > share/${name}`);
    for (const [first, last] of [
      [1, 100_000],
      [100_000, 1],
    ] as const) {
      const items = [await directoryOf(`a${first}`, '700', first), await directoryOf(`b${last}`, '750', last)];
      await extractPackages(items, root, { documentation: true }, signal);
      expect((await lstat(join(root, 'share'))).mode & 0o7777).toBe(0o750);
      await rm(join(root, 'share'), { recursive: true });
    }
  });

  test('refuses control files without end', async () => {
    const pieces = join(directory, 'pieces');
    await mkdir(join(pieces, 'control'), { recursive: true });
    for (const name of ['a', 'b', 'c']) await writeFile(join(pieces, 'control', name), Buffer.alloc(6 << 20));
    for (const part of ['control', 'data']) {
      await run(program('tar'), ['--create', `--file=${part}.tar`, '--directory=control', '.'], { cwd: pieces });
    }
    const file = join(directory, 'large.deb');
    await writeFile(file, await debOf(pieces));
    await expect(openFile('large', file)).rejects.toMatchObject({
      code: 'PACKAGE_INVALID',
      message: `${file} is not a Debian package: its control files have more than 16777216 bytes`,
    });
  });

  test('knows members whatever way the archive spells them', async () => {
    const item = await pack(
      'nodot',
      ['usr', '.hidden'],
      'mkdir -p usr/share/doc/nodot; echo x > usr/share/f; echo x > .hidden; echo x > usr/share/doc/nodot/README',
    );
    const [unpacked] = await extractPackages([item], root, { documentation: false }, signal);
    expect(unpacked?.paths).toEqual([
      '/usr/',
      '/usr/share/',
      '/usr/share/doc/',
      '/usr/share/doc/nodot/',
      '/usr/share/f',
      '/.hidden',
    ]);
    await createDatabase(root);
    await enterUnpacked(root, unpacked === undefined ? [] : [unpacked]);
    expect(await readFile(join(root, 'var/lib/dpkg/info/nodot.list'), 'utf8')).toBe(
      '/usr\n/usr/share\n/usr/share/doc\n/usr/share/doc/nodot\n/usr/share/f\n/.hidden\n',
    );
  });

  test("gives files to the owners that their names have in the target, or else to the archive's numbers", async () => {
    await mkdir(join(root, 'etc'));
    await writeFile(join(root, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nmail:x:8:8::/:/bin/sh\n');
    await writeFile(join(root, 'etc/group'), 'root:x:0:\nmail:x:9:\n');
    const named = await pack(
      'named',
      ['--owner=mail:5000', '--group=mail:5001', 'usr/share/f'],
      'mkdir -p usr/share; echo x > usr/share/f; chmod 6755 usr/share/f',
    );
    const unknown = await pack(
      'unknown',
      ['--owner=nobody-knows:5002', '--group=root:0', 'usr/share/g'],
      'mkdir -p usr/share; echo x > usr/share/g',
    );
    const packages = [await extract(named), await extract(unknown)];
    await settleOwners(root, packages, new Map());
    const owners = async (path: string) => {
      const { uid, gid, mode } = await lstat(join(root, path));
      return [uid, gid, (mode & 0o7777).toString(8)];
    };
    expect(await owners('usr/share/f')).toEqual([8, 9, '6755']);
    expect(await owners('usr/share/g')).toEqual([5002, 0, '644']);
  });

  test('names the package of a file whose name is not UTF-8', async () => {
    const item = await pack('latin', ['usr'], 'mkdir -p usr/share; echo x > "$(printf \'usr/share/caf\\351\')"');
    await expect(extractPackages([item], root, { documentation: true }, signal)).rejects.toMatchObject({
      code: 'NAME_NOT_UTF8',
      message: 'the name of /usr/share/caf\\xe9 is not UTF-8: the package latin brings it',
    });
  });

  test('reads the link of a configuration file inside the root', async () => {
    const item = await pack(
      'linkconf',
      ['etc', 'usr'],
      'mkdir -p etc usr/share/linkconf; echo setting > usr/share/linkconf/default; ln -s /usr/share/linkconf/default etc/l.conf; ln -s /etc/hostname etc/none.conf',
    );
    const conffiles = { content: Buffer.from('/etc/l.conf\n/etc/none.conf\n'), mode: 0o644 };
    const withConffiles = { ...item, controlFiles: new Map([...item.controlFiles, ['conffiles', conffiles]]) };
    await createDatabase(root);
    await enterUnpacked(root, [await extract(withConffiles)]);
    expect(await readFile(join(root, 'var/lib/dpkg/status'), 'utf8')).toContain(
      'Conffiles:\n /etc/l.conf 2c1d4f59f062ce424618f4d25961fb76\n /etc/none.conf nonexistent\n',
    );
  });
});
