import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { installRpms } from '../../../src/packages/rpm/install.ts';
import type { TestRpm } from '../../helpers/rpm-packages.ts';
import { baseSystem, targetOf } from './target.ts';

const nonexistent = { '/usr/share/x': { owner: 'nobody-knows', group: 'nor-this' } } as const;

const cases: { title: string; packages: TestRpm[]; code?: string; message: string }[] = [
  {
    title: 'a script behind the files',
    packages: [{ name: 'tool', scripts: { post: `echo out; printf 'on \\033[2J stderr\\n' >&2; exit 3` } }],
    message: 'the script %post of tool-1.0-1.noarch failed: exit status 3\nout\non \\x1b[2J stderr',
  },
  {
    title: 'a script before them',
    packages: [{ name: 'tool', scripts: { pre: 'echo no; exit 1' } }],
    message: 'the script %pre of tool-1.0-1.noarch failed: exit status 1\nno',
  },
  {
    title: 'a script behind everything',
    packages: [{ name: 'tool', scripts: { posttrans: 'kill -9 $$' } }],
    message: 'the script %posttrans of tool-1.0-1.noarch failed: signal 9',
  },
  {
    title: 'a script in lua',
    packages: [{ name: 'tool', scripts: { posttrans: { interpreter: '<lua>', text: 'error("in lua")' } } }],
    message: 'the script %posttrans of tool-1.0-1.noarch failed: 1: in lua',
  },
  {
    title: 'a trigger',
    packages: [{ name: 'tool', sections: ['%triggerin -- base', 'exit 1'] }],
    message: 'the script %triggerin of tool-1.0-1.noarch failed: exit status 1',
  },
  {
    title: 'a trigger of files',
    packages: [{ name: 'tool', sections: ['%transfiletriggerin -- /etc', 'exit 1'] }],
    message: 'the script %transfiletriggerin of tool-1.0-1.noarch failed: exit status 1',
  },
  {
    title: 'scripts of several packages',
    packages: [
      { name: 'one', scripts: { post: 'echo first; exit 1' } },
      { name: 'two', requires: ['one'], scripts: { post: 'echo second; exit 2' } },
    ],
    message:
      'the script %post of one-1.0-1.noarch failed: exit status 1\nfirst\nthe script %post of two-1.0-1.noarch failed: exit status 2\nsecond',
  },
  {
    title: 'a script for a program that is not there',
    packages: [
      {
        name: 'tool',
        provides: ['/usr/bin/python3'],
        scripts: { post: { interpreter: '/usr/bin/python3', text: 'pass' } },
      },
    ],
    message:
      'the script %post of tool-1.0-1.noarch failed: exit status 127\nerror: failed to exec scriptlet interpreter /usr/bin/python3: No such file or directory',
  },
  {
    title: 'two packages that bring one file',
    packages: [
      { name: 'one', files: { '/usr/bin/tool': 'one' } },
      { name: 'two', files: { '/usr/bin/tool': 'two' } },
    ],
    code: 'PACKAGE_FILE_CONFLICT',
    message: 'one-1.0-1.noarch and two-1.0-1.noarch both bring /usr/bin/tool, and it is not the same',
  },
  {
    title: 'a package of another architecture',
    packages: [{ name: 'tool', architecture: 'aarch64' }],
    message:
      'the packages cannot be installed together:\npackage tool-1.0-1.aarch64 is intended for a different architecture',
  },
  {
    title: 'a package that needs what is not there',
    packages: [{ name: 'tool', requires: ['library >= 2', '/usr/bin/nothing'] }, { name: 'library' }],
    message:
      'the packages cannot be installed together:\n/usr/bin/nothing is needed by tool-1.0-1.noarch\nlibrary >= 2 is needed by tool-1.0-1.noarch',
  },
  {
    title: 'a package that another one excludes',
    packages: [{ name: 'tool', conflicts: ['library'] }, { name: 'library' }],
    message: 'the packages cannot be installed together:\nlibrary conflicts with tool-1.0-1.noarch',
  },
  {
    title: 'owners that do not exist',
    packages: [{ name: 'tool', files: nonexistent }],
    message:
      'there is no user "nobody-knows", whose files are in tool-1.0-1.noarch\nthere is no group "nor-this", whose files are in tool-1.0-1.noarch',
  },
];

describe('an install fails, and says why', () => {
  test.each(cases)('$title', async ({ packages, code = 'PACKAGE_INSTALL_FAILED', message }) => {
    const { lock, context, directory } = await targetOf([baseSystem, ...packages]);
    await expect(
      installRpms({}, lock, join(directory, 'root'), { documentation: true }, context),
    ).rejects.toMatchObject({ code, exitStatus: 1, message });
  });

  test('a package whose bytes have changed', async () => {
    const { lock, context, directory } = await targetOf([baseSystem, { name: 'tool' }]);
    const item = lock.packages.find(({ name }) => name === 'tool');
    const file = join(context.cacheDirectory, 'packages', `${item?.sha256}.rpm`);
    const bytes = await readFile(file);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 20) ^ 0xff, bytes.length - 20);
    await writeFile(file, bytes);
    await expect(
      installRpms({}, lock, join(directory, 'root'), { documentation: true }, context),
    ).rejects.toMatchObject({
      code: 'PACKAGE_INSTALL_FAILED',
      message: expect.stringMatching(/tool-1\.0-1\.noarch/) as string,
    });
  });

  test('a format of the database that rpm does not know', async () => {
    const { lock, context, directory } = await targetOf([baseSystem]);
    const request = { databaseFormat: 'bdb' } as const;
    await expect(
      installRpms(request, lock, join(directory, 'root'), { documentation: true }, context),
    ).rejects.toMatchObject({
      code: 'PACKAGE_INSTALL_FAILED',
      message: 'the rpm that installs the packages writes no databases of the format bdb',
      hint: 'set "rpmdb: sqlite" in the manifest',
    });
  });

  test('a package that is text', async () => {
    const { lock, context, directory } = await targetOf([{ name: 'tool' }]);
    const file = join(context.cacheDirectory, 'packages', `${lock.packages[0]?.sha256}.rpm`);
    await writeFile(file, 'text');
    await mkdir(join(directory, 'root'));
    await expect(
      installRpms({}, lock, join(directory, 'root'), { documentation: true }, context),
    ).rejects.toMatchObject({ code: 'PACKAGE_INVALID', message: `${file} is not an rpm package: it is cut off` });
  });
});
