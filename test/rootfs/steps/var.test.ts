import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { varToTmpfiles } from '../../../src/rootfs/steps/var.ts';
import { contextFor, modeOf, writeTree } from '../support.ts';

async function converted(nodes: Parameters<typeof writeTree>[0]) {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const root = await writeTree({
    'etc/passwd': `root:x:${uid}:${gid}::/:\n`,
    'etc/group': `root:x:${gid}:\n`,
    'usr/lib/tmpfiles.d/var.conf': 'd /var/log 0755 - - -\nL /var/run - - - - ../run\n',
    ...nodes,
  });
  const context = contextFor(root);
  await varToTmpfiles.run(context);
  const file = join(root, 'usr/lib/tmpfiles.d/cosa-autovar.conf');
  const text = await readFile(file, 'utf8').catch(() => '');
  return { root, context, lines: text.split('\n').slice(1, -1) };
}

describe('varToTmpfiles', () => {
  it('turns directories, links and files into lines, and empties /var', async () => {
    const { root, context, lines } = await converted({
      'var/lib/app': { directory: 0o750 },
      'var/lib/app/data': 'content',
      'var/lib/dpkg': { link: '../../usr/lib/sysimage/dpkg' },
      'var/run': { link: '/run' },
      'var/spool/a b': { directory: 0o1777 },
    });
    expect(lines).toEqual([
      'd /var/lib 0755 root root - -',
      'd /var/lib/app 0750 root root - -',
      'C /var/lib/app/data - - - - /usr/share/factory/var/lib/app/data',
      'L /var/lib/dpkg - - - - ../../usr/lib/sysimage/dpkg',
      'd /var/spool 0755 root root - -',
      'd "/var/spool/a b" 1777 root root - -',
    ]);
    expect(await readFile(join(root, 'usr/share/factory/var/lib/app/data'), 'utf8')).toBe('content');
    expect(await readdir(join(root, 'var'))).toEqual([]);
    expect(await modeOf(join(root, 'var'))).toBe('0755');
    expect([...context.generated]).toEqual([
      ['/usr/share/factory/var/lib/app/data', 'var'],
      ['/usr/lib/tmpfiles.d/cosa-autovar.conf', 'var'],
    ]);
  });

  it('warns of files that are copied once, where people expect updates', async () => {
    const { context } = await converted({
      'var/opt/vendor/tool': 'x',
      'var/opt/vendor/data': 'x',
      'var/usrlocal/bin/link': { link: 'tool' },
      'var/usrlocal/bin/tool': 'x',
      'var/roothome/.profile': 'x',
      'var/lib/app/data': 'x',
      'var/srv': { directory: 0o755 },
    });
    expect(context.warnings).toEqual([
      '"/opt/vendor/data" and 1 more will be copied on a machine\'s first boot, and never updated',
      '"/usr/local/bin/tool" will be copied on a machine\'s first boot, and never updated',
    ]);
  });

  it('leaves logs, caches and seeds behind, but keeps their directories', async () => {
    const { root, lines } = await converted({
      'var/cache/app/index': 'x',
      'var/log/dpkg.log': 'x',
      'var/tmp/x': 'x',
      'var/lib/systemd/random-seed': 'x',
      'var/lib/systemd/catalog/database': 'x',
    });
    expect(lines).toEqual([
      'd /var/cache 0755 root root - -',
      'd /var/cache/app 0755 root root - -',
      'd /var/lib 0755 root root - -',
      'd /var/lib/systemd 0755 root root - -',
      'd /var/lib/systemd/catalog 0755 root root - -',
      'd /var/tmp 0755 root root - -',
    ]);
    expect(await readdir(join(root, 'usr'))).toEqual(['lib']);
  });

  it('reads tmpfiles.d as the system does: links inside the root, masks, and the first file of a name', async () => {
    const { lines } = await converted({
      'etc/tmpfiles.d/link.conf': { link: '/usr/share/linked.conf' },
      'usr/share/linked.conf': 'd /var/linked\n',
      'etc/tmpfiles.d/gone.conf': { link: '/usr/share/none.conf' },
      'etc/tmpfiles.d/masked.conf': { link: '/dev/null' },
      'usr/lib/tmpfiles.d/masked.conf': 'd /var/masked\n',
      'etc/tmpfiles.d/hidden.conf': 'd /var/shown\n',
      'usr/lib/tmpfiles.d/hidden.conf': 'd /var/hidden\n',
      'var/linked': { directory: 0o755 },
      'var/masked': { directory: 0o755 },
      'var/shown': { directory: 0o755 },
      'var/hidden': { directory: 0o755 },
    });
    expect(lines).toEqual(['d /var/hidden 0755 root root - -', 'd /var/masked 0755 root root - -']);
  });

  it('makes an empty /var where a script has taken it away', async () => {
    const root = await writeTree({ 'etc/passwd': '', 'etc/group': '' });
    await varToTmpfiles.run(contextFor(root));
    expect(await readdir(join(root, 'var'))).toEqual([]);
  });

  it('writes no file where there is nothing to say', async () => {
    const { context, lines } = await converted({ 'var/log': { directory: 0o755 } });
    expect(lines).toEqual([]);
    expect(context.generated.size).toBe(0);
  });
});
