import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { run } from '../../../src/exec/run.ts';
import { tools } from '../../../src/exec/tools.ts';
import type { PackageRequest } from '../../../src/packages/backend.ts';
import { rpmChangelogs } from '../../../src/packages/rpm/changelogs.ts';
import { finalizeRpms } from '../../../src/packages/rpm/finalize.ts';
import { installRpms } from '../../../src/packages/rpm/install.ts';
import { rpmInventory } from '../../../src/packages/rpm/inventory.ts';
import { asOrdinaryUser } from '../../helpers/ordinary-user.ts';
import type { TestRpm } from '../../helpers/rpm-packages.ts';
import { treeDigest } from '../../helpers/tree-digest.ts';
import { rpmOfHost } from './rpm-package.ts';
import { baseSystem, type TestTarget, targetOf } from './target.ts';

async function install(target: TestTarget, request: Pick<PackageRequest, 'languages'> = {}, documentation = true) {
  const root = join(target.directory, 'root');
  await installRpms(request, target.lock, root, { documentation }, target.context);
  return root;
}

/** What the host's rpm says of a root, which cannot be written to. */
async function query(root: string, ...args: string[]): Promise<string[]> {
  const command = ['--root', root, '--dbpath', '/usr/share/rpm', ...args];
  const { stdout } = await run(tools.rpm, command);
  return stdout.split('\n').filter((line) => line !== '');
}

const tool: TestRpm = {
  name: 'tool',
  epoch: 1,
  version: '2.0',
  source: 'toolkit',
  requires: ['/bin/sh', 'library >= 1'],
  files: {
    '/usr/bin/tool': { text: 'x', mode: 0o4755, capabilities: 'cap_net_raw=ep' },
    '/usr/bin/other': { text: 'other', mode: 0o2755, group: 'mail' },
    '/etc/tool.conf': { text: 'a=1\n', directives: ['%config(noreplace)'] },
    '/var/lib/tool': { directory: true, mode: 0o700, owner: 'mail', group: 'mail' },
    '/var/lib/tool/state': { text: '', directives: ['%ghost'] },
    '/usr/lib/tool.so': { linkTo: 'tool.so.1' },
    '/proc': { directory: true, mode: 0o555 },
    '/sys': { directory: true, mode: 0o555 },
    '/dev': { directory: true },
    '/run': { directory: true },
    '/tmp': { directory: true, mode: 0o1777 },
  },
  scripts: {
    pre: 'echo "tool:x:70:70::/:/bin/false" >> /etc/passwd',
    post: 'env > /usr/share/environment; cat /proc/net/dev > /usr/share/network; ls /proc/self /dev/null > /dev/null',
    posttrans: { interpreter: '<lua>', text: 'local f = io.open("/usr/share/lua", "w"); f:write("lua"); f:close()' },
  },
  changelog: [{ time: Date.UTC(2025, 10, 2, 12) / 1000, text: 'Newer' }],
};
const library: TestRpm = {
  name: 'library',
  sections: [
    '%triggerin -- tool',
    'echo triggered > /usr/share/trigger',
    '%filetriggerin -- /usr/bin',
    'cat > /usr/share/files',
  ],
};

describe('an installed system', () => {
  test('has what the packages bring, by their own rules, and what their scripts make', async () => {
    const root = await install(await targetOf([baseSystem, tool, library]));
    const modes = ['usr/bin/tool', 'usr/bin/other', 'var/lib/tool'].map(async (path) => {
      const { mode, uid, gid } = await stat(join(root, path));
      return [path, (mode & 0o7777).toString(8), uid, gid];
    });
    expect(await Promise.all(modes)).toEqual([
      ['usr/bin/tool', '4755', 0, 0],
      ['usr/bin/other', '2755', 0, 8],
      ['var/lib/tool', '700', 8, 8],
    ]);
    const { stdout } = await run(tools.getfattr, [
      '--absolute-names',
      '--dump',
      '--match',
      'security.cap',
      join(root, 'usr/bin/tool'),
    ]);
    expect(stdout).toContain('security.capability=');
    const text = (path: string) => readFile(join(root, path), 'utf8');
    expect(await text('etc/passwd')).toContain('tool:x:70:70');
    expect([await text('usr/share/trigger'), await text('usr/share/lua')]).toEqual(['triggered\n', 'lua']);
    expect(await text('usr/share/files')).toContain('/usr/bin/tool\n');
    expect(await readdir(join(root, 'var/tmp'))).toEqual([]);
    // Of the network, loopback alone; of our environment, nothing.
    expect((await text('usr/share/network')).match(/^ *\w+:/gm)).toEqual(['    lo:']);
    expect((await text('usr/share/environment')).replaceAll(/=.*/g, '').split('\n').sort()).toEqual([
      '',
      'HOME',
      'KERNEL_INSTALL_BYPASS',
      'LC_ALL',
      'PATH',
      'PWD',
      'SHLVL',
      'SOURCE_DATE_EPOCH',
      'SYSTEMD_OFFLINE',
      'TZ',
    ]);
    expect(await text('usr/share/environment')).toContain(`SOURCE_DATE_EPOCH=${Date.UTC(2025, 10, 2, 12) / 1000}\n`);
  });

  test('has no initramfs and no boot entry of a build machine, whichever script wants one', async () => {
    const program = (text: string) => ({ text: `#!/bin/sh\n${text}\n`, mode: 0o755 });
    const systemd: TestRpm = {
      name: 'systemd',
      requires: ['/bin/sh'],
      files: {
        '/usr/bin/dracut': program('echo "$@" > /boot/initramfs'),
        // As systemd's own: https://www.freedesktop.org/software/systemd/man/latest/kernel-install.html
        '/usr/bin/kernel-install': program('[ "$KERNEL_INSTALL_BYPASS" = 1 ] || echo "$@" > /boot/entry'),
        '/usr/sbin/update-initramfs': program('echo "$@" > /boot/initrd'),
      },
    };
    const add = 'kernel-install add 6.1 /usr/lib/modules/6.1/vmlinuz';
    const kernel: TestRpm = {
      name: 'kernel',
      requires: ['/bin/sh', 'systemd'],
      files: { '/boot/System.map': 'x', '/usr/lib/modules/6.1/vmlinuz': 'x' },
      scripts: {
        post: 'dracut --force --kver 6.1 && echo done > /usr/share/post',
        posttrans: `${add} && /bin/${add} && update-initramfs -u && echo done > /usr/share/posttrans`,
      },
    };
    const root = await install(await targetOf([baseSystem, systemd, kernel]));
    expect(await readdir(join(root, 'boot'))).toEqual(['System.map']);
    expect((await readdir(join(root, 'usr/share'))).filter((name) => name.startsWith('post'))).toEqual([
      'post',
      'posttrans',
    ]);
    expect(await readdir(join(root, 'run'))).toEqual([]);
    expect(await readFile(join(root, 'usr/bin/dracut'), 'utf8')).toContain('/boot/initramfs');
  });

  test('has an inventory that is what rpm says, before it is finished and after', async () => {
    const target = await targetOf([baseSystem, tool, library]);
    const root = await install(target);
    const inventory = await rpmInventory(root);
    expect(inventory.find(({ name }) => name === 'tool')).toEqual({
      name: 'tool',
      version: '1:2.0-1',
      architecture: 'noarch',
      source: 'toolkit',
      size: 19,
      changed: Date.UTC(2025, 10, 2, 12) / 1000,
      // Links and files alike; neither directories nor what is only owned.
      paths: ['/etc/tool.conf', '/usr/bin/other', '/usr/bin/tool', '/usr/lib/tool.so'],
    });
    const changelog = { date: Date.UTC(2025, 10, 2, 12) / 1000, version: '2.0-1', text: '- Newer' };
    expect((await rpmChangelogs(root)).get('toolkit')).toMatchObject([changelog]);
    await finalizeRpms(root);
    expect(await rpmInventory(root)).toEqual(inventory);
    const format = ['--queryformat', '%|EPOCH?{%{EPOCH}:}|%{NAME} %{VERSION}-%{RELEASE} %{ARCH}\n'];
    const queried = await query(root, '--query', '--all', ...format);
    expect(queried.sort()).toEqual(['1:tool 2.0-1 noarch', 'base 1.0-1 x86_64', 'library 1.0-1 noarch']);
    expect(target.lock.packages.map(({ name, version }) => `${name} ${version}`)).toEqual(
      inventory.map(({ name, version }) => `${name} ${version}`),
    );
  });

  test('has a database that can be read where nothing can be written', async () => {
    const root = await install(await targetOf([baseSystem, tool, library]));
    await finalizeRpms(root);
    expect(await readdir(join(root, 'usr/share/rpm'))).toEqual(['rpmdb.sqlite']);
    const readOnly = ['--unshare-user', '--ro-bind', '/', '/', '--ro-bind', root, '/mnt', '--dev', '/dev', '--'];
    const { stdout } = await run(tools.bubblewrap, [
      ...readOnly,
      'rpm',
      '--root',
      '/mnt',
      '--dbpath',
      '/var/lib/rpm',
      '-q',
      'tool',
    ]);
    expect(stdout).toBe('tool-2.0-1.noarch\n');
    // Of files, too, all is as the database says.
    expect(await query(root, '--verify', '--nofiles', 'tool', 'base')).toEqual([]);
  });

  test('is the same every time, wherever it is made', async () => {
    const packages = [baseSystem, tool, library];
    const [one, other] = [await targetOf(packages), await targetOf(packages.toReversed())];
    const roots = [];
    for (const target of [one, other]) {
      const root = await install(target);
      await finalizeRpms(root);
      roots.push(root);
    }
    const [first = '', second = ''] = roots;
    expect(await treeDigest(second)).toBe(await treeDigest(first));
  });

  test('is installed by the rpm that it has, in a tree of its own', async () => {
    const log: string[] = [];
    const packages = [baseSystem, tool, library, await rpmOfHost()];
    const target = await targetOf(packages, log);
    const root = await install(target);
    expect(log.filter((line) => line.includes('of this machine'))).toEqual([]);
    const kept = join(target.context.cacheDirectory, 'package-managers');
    const [key = ''] = (await readdir(kept)).filter((name) => /^[0-9a-f]{64}$/.test(name));
    const tree = join(kept, key, 'content');
    expect((await readdir(tree)).sort()).toEqual([
      'bin',
      'dev',
      'etc',
      'lib',
      'lib64',
      'proc',
      'run',
      'sbin',
      'tmp',
      'usr',
      'var',
    ]);
    // Neither what others bring nor what scripts make is there.
    expect(await readdir(join(tree, 'usr/bin'))).toEqual(['busybox', 'rpm', 'sh']);
    await finalizeRpms(root);
    const again = await install({ ...target, directory: join(target.directory, 'again') });
    await finalizeRpms(again);
    expect(await treeDigest(again)).toBe(await treeDigest(root));
    expect(await query(root, '--query', 'rpm')).toEqual(['rpm-4.18-1.x86_64']);
  });

  test('is not installed by an rpm that writes the time of day into the database', async () => {
    const log: string[] = [];
    const target = await targetOf([baseSystem, await rpmOfHost('4.16.1.3')], log);
    await install(target);
    expect(log).toContainEqual(
      expect.stringMatching(
        /^rpm 4\.16\.1\.3 of the lock dates what it installs by the clock: rpm \d\S+ of this machine installs the packages, /,
      ),
    );
    expect(await readdir(target.context.cacheDirectory)).not.toContain('package-managers');
  });

  test.each([
    ['bzip2', 'w1.bzdio'],
    ['lzma', 'w1.lzdio'],
  ])(
    'may have packages of %s: the rpm of the machine unpacks them, if those of its own rpm are such',
    async (name, payload) => {
      const log: string[] = [];
      const packed = { settings: { _binary_payload: payload } };
      const root = await install(
        await targetOf([{ ...baseSystem, ...packed }, await rpmOfHost(), { ...library, ...packed }], log),
      );
      expect(log).toContainEqual(
        expect.stringMatching(
          new RegExp(
            `^base-1\\.0-1\\.x86_64, which rpm of the lock needs, is packed with ${name}: rpm .* of this machine installs`,
          ),
        ),
      );
      expect((await readdir(join(root, 'usr/bin'))).sort()).toEqual(['busybox', 'rpm', 'sh']);
    },
  );

  test('is the same for an ordinary user', async () => {
    const target = await targetOf([baseSystem, tool, library]);
    const { directory, context, lock } = target;
    const root = join(directory, 'root');
    await installRpms({}, lock, root, { documentation: false }, context);
    await finalizeRpms(root);
    const expected = await treeDigest(root);
    await rm(root, { recursive: true });
    await writeFile(join(directory, 'lock.json'), JSON.stringify(lock));
    await run({ name: 'chown', packages: { deb: 'coreutils', rpm: 'coreutils' }, purpose: 'gives a directory away' }, [
      '--recursive',
      '54321:54321',
      directory,
    ]);
    const files = [context.cacheDirectory, join(directory, 'lock.json'), root, join(directory, 'digest')];
    const command = await asOrdinaryUser(directory, 'test/packages/rpm/install-program.ts', files);
    await run(command.tool, command.args);
    expect(await readFile(join(directory, 'digest'), 'utf8')).toBe(expected);
  });

  test('has documentation and languages as told, and licences always', async () => {
    const documented: TestRpm = {
      name: 'documented',
      files: {
        '/usr/share/doc/documented/README': { text: 'x', directives: ['%doc'] },
        '/usr/share/licenses/documented/COPYING': { text: 'x', directives: ['%license'] },
        '/usr/share/locale/de/LC_MESSAGES/documented.mo': { text: 'x', directives: ['%lang(de)'] },
        '/usr/share/locale/fr/LC_MESSAGES/documented.mo': { text: 'x', directives: ['%lang(fr)'] },
      },
    };
    const target = await targetOf([documented]);
    const root = await install(target, { languages: ['de', 'en_US'] }, false);
    const [item] = await rpmInventory(root);
    expect(item?.paths).toEqual([
      '/usr/share/licenses/documented/COPYING',
      '/usr/share/locale/de/LC_MESSAGES/documented.mo',
    ]);
  });
});
