import { kernelArgumentArea } from './kernel-argument-area.ts';
import type { LiveGrubConfig } from './own-grub-config.ts';

/** Where the kernel and its initramfs lie on live media. */
export const livePaths = {
  kernel: 'images/pxeboot/vmlinuz',
  initramfs: 'images/pxeboot/initrd.img',
  rootfs: 'images/pxeboot/rootfs.img',
  /** The area for an Ignition config, which is loaded as a second initramfs. */
  ignition: 'images/ignition.img',
  efi: 'images/efiboot.img',
  eltorito: 'boot/grub/eltorito.img',
} as const;

/**
 * The configuration of GRUB on live media, by BIOS and by UEFI.
 * @param title of the operating system; one line
 * @param commands GRUB commands of the platform: terminals, mostly
 * @throws CosaError `KERNEL_ARGUMENTS_LENGTH` (exit 4)
 */
export function liveGrubConfigText(
  title: string,
  commands: readonly string[],
  kernelArguments: readonly string[],
): LiveGrubConfig {
  const all = kernelArguments.join(' ');
  const area = kernelArgumentArea(all);
  const before = `${['set default=0', 'set timeout=5', ...commands].join('\n')}

menuentry '${title.replaceAll("'", "'\\''")} (Live)' --class gnu-linux --class gnu --class os {
  linux /${livePaths.kernel} `;
  const config = `${before}${area.text}  initrd /${livePaths.initramfs} /${livePaths.ignition}
}
`;
  return { config, offset: Buffer.byteLength(before), kernelArguments: all, area };
}

/** A configuration that finds the medium by its label, and goes on with the one there. */
export function findMedium(volumeId: string, config: string): string {
  return `search --no-floppy --label "${volumeId}" --set=root --hint=$root\nconfigfile ($root)/${config}\n`;
}
