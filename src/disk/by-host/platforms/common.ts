import type { PlatformSettings } from '../../../contract/platforms.ts';

/** Cloud images have the size that image.json names; they take no more room than their content. */
export function cloudDiskSize(imageSize: number): number {
  return imageSize * 2 ** 30;
}

/** Screen and first serial port; what comes last gets the messages of systemd. */
export const screenAndSerial: PlatformSettings = {
  kernel_arguments: ['console=tty0', 'console=ttyS0,115200n8'],
  grub_commands: ['serial --speed=115200', 'terminal_input serial console', 'terminal_output serial console'],
};
