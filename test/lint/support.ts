import type { LayerStream } from '../../src/lint/merged-tree.ts';
import { type Entry, entry, tarOf } from '../helpers/ostree-layers.ts';

/** A layer of these entries. */
export function layerOf(entries: readonly Entry[]): LayerStream {
  const tar = tarOf(entries);
  return async function* () {
    yield tar;
  };
}

export const directory = (path: string) => entry(`${path}/`, { type: 'directory', mode: 0o755 });
export const link = (path: string, linkTarget: string) => entry(path, { type: 'symlink', linkTarget });
export const file = (path: string, content = '', owner: { uid?: number; gid?: number } = {}) =>
  entry(path, owner, content);

/** What every machine's container has: no rule finds anything in it. */
export function goodEntries(): Entry[] {
  return [
    ...['boot', 'dev', 'proc', 'run', 'sys', 'sysroot', 'tmp', 'var'].map(directory),
    link('ostree', 'sysroot/ostree'),
    file('usr/lib/modules/6.12/vmlinuz', 'kernel'),
    file('usr/lib/modules/6.12/initramfs.img', 'initramfs'),
    file('usr/lib/ostree/prepare-root.conf', '[composefs]\nenabled = yes\n'),
    file('usr/lib/coreos-assembler/boot/efi/EFI/BOOT/BOOTX64.EFI', 'shim'),
    file('usr/share/coreos-assembler/image.json', '{}'),
    file('usr/lib/sysusers.d/basic.conf', '# accounts\nu root 0 "Super User" /root\ng sudo -\n'),
    file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
    file('etc/group', 'root:x:0:\nsudo:x:27:\n'),
  ];
}

export const goodLabels = { 'containers.bootc': '1' };
