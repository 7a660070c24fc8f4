import { copyFile, link, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkBoot } from '../../src/vm/arguments.ts';
import { serialConsole } from './live.ts';

/** What a machine boots over the network. */
export interface PxeParts {
  kernel: string;
  initramfs: string;
  /** Where it finds the root filesystem, by HTTP. */
  rootfs: string;
  /** Where it finds its Ignition config. */
  config: string;
}

/**
 * Puts kernel and initramfs where QEMU's TFTP server gives them out, with a script that iPXE, which QEMU's cards have in
 * their ROM, runs.
 * @param directory of the test, empty
 */
export async function networkBoot(directory: string, parts: PxeParts): Promise<NetworkBoot> {
  await place(parts.kernel, join(directory, 'vmlinuz'));
  await place(parts.initramfs, join(directory, 'initrd.img'));
  const ignition = `ignition.firstboot ignition.platform.id=metal ignition.config.url=${parts.config}`;
  const script = [
    '#!ipxe',
    `kernel vmlinuz initrd=main rw coreos.live.rootfs_url=${parts.rootfs} ${ignition} ${serialConsole}`,
    'initrd --name main initrd.img',
    'boot',
  ];
  await writeFile(join(directory, 'boot.ipxe'), `${script.join('\n')}\n`);
  return { directory, file: 'boot.ipxe' };
}

async function place(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to));
}
