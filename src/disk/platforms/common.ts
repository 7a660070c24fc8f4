import type { Console } from './platform.ts';

/** Cloud images have the size that image.json names; they take no more room than their content. */
export function cloudDiskSize(imageSize: number): number {
  return imageSize * 2 ** 30;
}

/** Screen and first serial port; what comes last gets the messages of systemd. */
export const screenAndSerial: Console = {
  kernelArguments: ['console=tty0', 'console=ttyS0,115200n8'],
  grubCommands: ['serial --speed=115200', 'terminal_input serial console', 'terminal_output serial console'],
};
