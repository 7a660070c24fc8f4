import { describe, expect, it } from 'vitest';
import { topLevel } from '../../../src/rootfs/steps/top-level.ts';
import { usrEtc } from '../../../src/rootfs/steps/usr-etc.ts';
import { contextFor, modeOf, readTree, writeTree } from '../support.ts';

describe('topLevel', () => {
  it('links state into /var, keeps what was there, and empties what is made on each boot', async () => {
    const root = await writeTree({
      'boot/grub/x': '',
      'dev/null': '',
      home: { directory: 0o755 },
      media: { directory: 0o755 },
      'opt/app/bin': 'app',
      root: { directory: 0o700 },
      'root/.profile': 'p',
      'run/x': '',
      'tmp/x': '',
      'usr/local/bin': { directory: 0o2775 },
      'var/opt': { directory: 0o755 },
      vmlinuz: { link: 'boot/vmlinuz-6.1' },
      'initrd.img.old': { link: 'boot/initrd.img-6.1' },
    });
    await topLevel.run(contextFor(root));
    expect(await readTree(root)).toEqual({
      '/boot/': '0755',
      '/dev/': '0755',
      '/home': '→ var/home',
      '/media': '→ run/media',
      '/mnt': '→ var/mnt',
      '/opt': '→ var/opt',
      '/ostree': '→ sysroot/ostree',
      '/proc/': '0755',
      '/root': '→ var/roothome',
      '/run/': '0755',
      '/srv': '→ var/srv',
      '/sys/': '0755',
      '/sysroot/': '0755',
      '/tmp/': '1777',
      '/usr/': '0755',
      '/usr/local': '→ ../var/usrlocal',
      '/var/': '0755',
      '/var/home/': '0755',
      '/var/mnt/': '0755',
      '/var/opt/': '0755',
      '/var/opt/app/': '0755',
      '/var/opt/app/bin': 'app',
      '/var/roothome/': '0700',
      '/var/roothome/.profile': 'p',
      '/var/srv/': '0755',
      '/var/usrlocal/': '0755',
      '/var/usrlocal/bin/': '2775',
    });
  });

  it('does the same to a tree that has the links already', async () => {
    const root = await writeTree({ usr: { directory: 0o755 }, var: { directory: 0o755 } });
    await topLevel.run(contextFor(root));
    const once = await readTree(root);
    await topLevel.run(contextFor(root));
    expect(await readTree(root)).toEqual(once);
  });

  it.each([
    ['/srv', 'usr/lib/srv'],
    ['/srv', '/usr/lib/srv'],
    ['/opt', 'usr/lib/opt'],
    ['/usr/local', 'lib/local'],
    ['/home', 'var/lib/people'],
    ['/mnt', '/var/lib/mounts'],
  ])('leaves a link that the config has made: %s → %s', async (path, target) => {
    const root = await writeTree({ [path]: { link: target }, 'usr/lib/srv/file': 'x' });
    await topLevel.run(contextFor(root));
    const tree = await readTree(root);
    expect(tree[path]).toBe(`→ ${target}`);
    expect(tree['/usr/lib/srv/file']).toBe('x');
    if (target.includes('var/')) expect(tree[`/${target.replace(/^\//, '')}/`]).toBe('0755');
  });

  it.each(['/data', 'data', '../..', '/run/srv', '/etc/srv'])(
    'refuses /srv → %s, which leads nowhere',
    async (target) => {
      const root = await writeTree({ srv: { link: target } });
      await expect(topLevel.run(contextFor(root))).rejects.toMatchObject({
        code: 'STATE_LINK',
        exitStatus: 2,
        message: `/srv is a link to ${target}, which is not part of an ostree system`,
      });
    },
  );

  it('makes the usual directory where a link has the usual target, however it is written', async () => {
    const root = await writeTree({ opt: { link: '/var/opt' }, usr: { directory: 0o755 } });
    await topLevel.run(contextFor(root));
    expect(await readTree(root)).toMatchObject({ '/opt': '→ var/opt', '/var/opt/': '0755' });
  });

  it('leaves /opt and /usr/local in the tree if told so', async () => {
    const root = await writeTree({ 'opt/vendor/tool': 'tool', srv: { directory: 0o755 } });
    await topLevel.run(contextFor(root, { optUsrlocal: 'root' }));
    expect(await readTree(root)).toMatchObject({
      '/opt/vendor/tool': 'tool',
      '/srv': '→ var/srv',
      '/usr/local/': '0755',
    });
  });

  it('refuses two files for one place', async () => {
    const root = await writeTree({ 'opt/x': '1', 'var/opt/x': '2', 'usr/x': '' });
    await expect(topLevel.run(contextFor(root))).rejects.toMatchObject({ code: 'STATE_CONFLICT' });
  });
});

describe('usrEtc', () => {
  it('moves /etc', async () => {
    const root = await writeTree({ 'etc/passwd': 'p', 'usr/bin/x': '' });
    await usrEtc.run(contextFor(root));
    expect(Object.keys(await readTree(root))).toEqual([
      '/usr/',
      '/usr/bin/',
      '/usr/bin/x',
      '/usr/etc/',
      '/usr/etc/passwd',
    ]);
    expect(await modeOf(`${root}/usr/etc`)).toBe('0755');
  });

  it('refuses a /usr/etc', async () => {
    const root = await writeTree({ 'etc/a': '', 'usr/etc/b': '' });
    await expect(usrEtc.run(contextFor(root))).rejects.toMatchObject({
      code: 'USR_ETC_EXISTS',
      message: 'the root has a /usr/etc: ostree makes it from /etc',
    });
  });
});
