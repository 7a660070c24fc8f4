import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Json } from '../../src/lib/canonical-json.ts';

export interface OsTree {
  /** `null`: none. */
  imageConfig?: Json;
  kernel?: boolean;
  boot?: boolean;
  /** More files, by path. */
  files?: Readonly<Record<string, string>>;
  /** Symbolic links, by path; instead of what would be there otherwise. */
  links?: Readonly<Record<string, string>>;
}

const release = '6.12.0-test';

/** Makes the least that can be deployed as an operating system; its kernel boots nothing. */
export async function makeOsTree(root: string, tree: OsTree = {}): Promise<void> {
  const { imageConfig = { rootfs: 'ext4', size: 1 }, kernel = true, boot = true, links = {} } = tree;
  const bootSector = Buffer.alloc(512);
  bootSector.writeUInt16LE(0xaa55, 510);
  const files: Record<string, string | Buffer> = {
    'usr/bin/program': '#!/bin/sh\n',
    'usr/etc/hostname': 'localhost\n',
    'usr/lib/os-release': 'NAME="Test OS"\nPRETTY_NAME="Test OS 1"\nVERSION_ID=1\n',
  };
  if (kernel) {
    files[`usr/lib/modules/${release}/vmlinuz`] = 'kernel';
    files[`usr/lib/modules/${release}/initramfs.img`] = 'initramfs';
  }
  if (imageConfig !== null) files['usr/share/coreos-assembler/image.json'] = JSON.stringify(imageConfig);
  if (boot) {
    files['usr/lib/coreos-assembler/boot/bios/boot.img'] = bootSector;
    files['usr/lib/coreos-assembler/boot/bios/core.img'] = Buffer.alloc(30_000, 0x41);
    files['usr/lib/coreos-assembler/boot/efi/EFI/BOOT/BOOTX64.EFI'] = 'shim';
  }
  for (const [path, content] of Object.entries({ ...files, ...tree.files })) {
    if (Object.keys(links).some((link) => `${path}/`.startsWith(`${link}/`))) continue;
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  for (const directory of ['sysroot', 'boot', 'proc', 'sys', 'dev', 'run', 'var', 'tmp']) {
    await mkdir(join(root, directory), { recursive: true });
  }
  for (const [path, target] of Object.entries({ ostree: 'sysroot/ostree', ...links })) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await symlink(target, join(root, path));
  }
}
