import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentReporter } from '../../src/progress/reporter.ts';
import { assembleRoot } from '../../src/rootfs/assemble.ts';
import { finalPath } from '../../src/rootfs/final-path.ts';
import type { RootfsRequest } from '../../src/rootfs/request.ts';
import { emptyRequest, overlayOf, readTree, script, shellRoot } from './support.ts';

/** The least that an installed system has. */
const installed = {
  'boot/vmlinuz-6.1': 'kernel',
  'etc/hostname': 'builder',
  'etc/passwd': 'root:x:0:0::/root:/bin/sh\n',
  'etc/group': 'root:x:0:\n',
  'usr/bin/dracut': script(
    'while [ $# -gt 1 ]; do shift; done',
    'while read -r l; do echo "$l"; done < /etc/os-release > "$1"',
  ),
  'usr/lib/dracut': { directory: 0o755 },
  'usr/lib/modules/6.1/modules.dep': '',
  'usr/lib/os-release': 'ID=test\nVERSION="1 (first)"\n',
  'etc/os-release': { link: '../usr/lib/os-release' },
  'usr/share/doc/tool': 'documentation',
  'var/lib/tool/state': 'state',
};

async function request(): Promise<RootfsRequest> {
  return {
    ...emptyRequest,
    overlays: [await overlayOf('05core', { 'etc/hostname': 'ours', 'lib/tool.conf': 'c' })],
    postprocess: [
      { name: 'postprocess[0]', content: '#!/bin/sh\necho p > /usr/lib/by-script\n', where: { file: 'm' } },
    ],
    removeFromPackages: [{ package: 'tool', patterns: ['/usr/share/doc/.*'] }],
    packages: [{ name: 'tool', paths: ['/usr/share/doc/tool', '/var/lib/tool/state'] }],
    mutateOsRelease: '1',
    embedded: new Map([['/usr/share/coreos-assembler/image.json', '{}\n']]),
  };
}

describe('assembleRoot', () => {
  it('makes an ostree root of an installed one', async () => {
    const root = await shellRoot(installed);
    const { kernelRelease, layout, components } = await assembleRoot(root, await request(), silentReporter());
    expect(kernelRelease).toBe('6.1');
    const tree = await readTree(root);
    expect(tree).toMatchObject({
      '/boot/': '0755',
      '/ostree': '→ sysroot/ostree',
      '/usr/etc/hostname': 'ours',
      '/usr/etc/machine-id': 'uninitialized\n',
      '/usr/lib/by-script': 'p\n',
      '/usr/lib/modules/6.1/vmlinuz': 'kernel',
      '/usr/lib/modules/6.1/initramfs.img': 'ID=test\nVERSION="1 (first)"\n',
      '/usr/lib/os-release':
        'ID=test\nVERSION="1.2.3 (first)"\nIMAGE_ID=test-os\nIMAGE_VERSION=1.2.3\nOSTREE_VERSION=1.2.3\n',
      '/usr/lib/tool.conf': 'c',
      '/usr/share/factory/var/lib/tool/state': 'state',
    });
    expect(Object.keys(tree).filter((path) => /^\/(etc|var|boot|run)\/./.test(path))).toEqual([]);
    expect(tree['/usr/share/doc/tool']).toBeUndefined();
    expect(finalPath(layout, '/var/lib/tool/state')).toBe('/usr/share/factory/var/lib/tool/state');
    expect(components.map(({ name, paths }) => [name, paths])).toEqual([
      ['build-metadata', ['/usr/lib/os-release', '/usr/share/coreos-assembler/image.json']],
      ['initramfs', ['/usr/lib/modules/6.1/initramfs.img']],
      ['kernel-module-index', ['/usr/lib/modules/6.1/modules.dep']],
      ['overlay/05core', ['/usr/etc/hostname', '/usr/lib/tool.conf']],
      ['var', ['/usr/lib/tmpfiles.d/cosa-autovar.conf', '/usr/share/factory/var/lib/tool/state']],
    ]);
  });

  it('gives the same tree for the same input, wherever it lies', async () => {
    const [first, second] = [await shellRoot(installed), await shellRoot(installed)];
    await assembleRoot(first, await request(), silentReporter());
    await assembleRoot(second, await request(), silentReporter());
    expect(await readTree(second)).toEqual(await readTree(first));
  });

  it('stops at the first step that fails, and when it is told to', async () => {
    const failing = { ...(await request()), etcGroupMembers: ['nobody-has-it'] };
    const root = await shellRoot(installed);
    await expect(assembleRoot(root, failing, silentReporter())).rejects.toMatchObject({ code: 'ETC_GROUP_UNKNOWN' });
    await expect(readFile(join(root, 'usr/lib/by-script'))).rejects.toThrow('ENOENT');
    const stopped = AbortSignal.abort(new Error('stopped by the user'));
    await expect(assembleRoot(root, await request(), silentReporter(stopped))).rejects.toThrow('stopped by the user');
  });
});
