import type { PlatformSettings } from '../../contract/platforms.ts';

// The console that comes last is /dev/console: it gets the messages of systemd.

/** The kernel finds its console by itself: a screen, or what the firmware's tables name. */
export const firmwareConsole: PlatformSettings = { kernel_arguments: [], grub_commands: [] };

const serialCommands = [
  'serial --speed=115200',
  'terminal_input serial console',
  'terminal_output serial console',
] as const;

/** Screen and first serial port; the port gets what comes last. */
export const serialLast: PlatformSettings = {
  kernel_arguments: ['console=tty0', 'console=ttyS0,115200n8'],
  grub_commands: serialCommands,
};

/** The same the other way round: people look at the screen. */
export const screenLast: PlatformSettings = {
  kernel_arguments: ['console=ttyS0,115200n8', 'console=tty0'],
  grub_commands: serialCommands,
};
