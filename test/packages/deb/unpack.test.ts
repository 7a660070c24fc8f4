import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../../src/exec/run.ts';
import { extractFiles } from '../../../src/exec/tools/dpkg-deb.ts';
import { createDatabase, enterUnpacked, type UnpackedPackage } from '../../../src/packages/deb/database.ts';
import { tarExcludes } from '../../../src/packages/deb/documentation.ts';
import { openPackageFile, type PackageFile } from '../../../src/packages/deb/package-file.ts';
import { settleSharedPaths } from '../../../src/packages/deb/shared-paths.ts';
import { planUnpacking } from '../../../src/packages/deb/unpack-plan.ts';
import { buildPackage, type TestPackage } from './local-repository.ts';

describe('unpacking', () => {
  let directory: string;
  let root: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cosa-test-'));
    root = join(directory, 'root');
    await mkdir(root);
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function open(item: TestPackage): Promise<PackageFile> {
    const file = await buildPackage(item, directory);
    const locked = {
      name: item.name,
      version: item.version ?? '1.0',
      architecture: 'all',
      source: item.name,
      sha256: '',
      size: 0,
      repository: 'os',
      path: '',
    };
    return openPackageFile(locked, file, join(directory, `control-${item.name}`), {});
  }
  async function extract(item: PackageFile): Promise<UnpackedPackage> {
    const members = await extractFiles(item.file, root);
    return { item, paths: members.map((name) => name.replace(/^\.\/?/, '/')) };
  }

  test('knows the date of a package from its archive', async () => {
    expect((await open({ name: 'dated' })).changed).toBe(Date.UTC(2025, 9, 1) / 1000);
  });

  test('leaves documentation out, but not licences', async () => {
    const { file } = await open({
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
    const members = await extractFiles(file, root, { exclude: tarExcludes });
    expect(members.filter((name) => !name.endsWith('/'))).toEqual(['./usr/bin/tool', './usr/share/doc/tool/copyright']);
  });

  test('lists members with unusual names as they are', async () => {
    const names = ['/back\\slash', '/tab\t', '/ümlaut', '/blank '];
    const { file } = await open({ name: 'odd', files: Object.fromEntries(names.map((name) => [name, 'x'])) });
    const members = await extractFiles(file, root);
    expect(
      members
        .filter((name) => !name.endsWith('/'))
        .map((name) => name.slice(1))
        .sort(),
    ).toEqual(names.sort());
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
    const plan = await planUnpacking(packages);
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
    const settled = await settleSharedPaths(root, extracted, [], {});
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
    await expect(settleSharedPaths(root, extracted, [], {})).rejects.toMatchObject({
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
});
