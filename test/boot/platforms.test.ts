import { expect, test } from 'vitest';
import type { Firmware } from '../../src/vm/firmware.ts';
import { bootPlatform, consolesOf, fetchFromRegistry, readFromStream } from './platform.ts';

// Two releases, and what who has nothing else makes of them: one lies on a web server, and is found by its stream's metadata; the
// other in a registry, as a release does that has no other storage. more/platforms.test.ts has the other platforms.
test.each<
  [platform: string, firmware: Firmware, ignition: string, consoles: string[], obtain?: typeof fetchFromRegistry]
>([
  ['qemu', 'uefi', 'qemu', ['tty0', 'ttyS0,115200n8'], readFromStream],
  ['vmware', 'uefi', 'vmware', ['ttyS0,115200n8', 'tty0'], fetchFromRegistry],
])('the %s disk boots by %s, and says where it runs', async (platform, firmware, ignition, consoles, obtain) => {
  const { kernelArguments, leftInBoot } = await bootPlatform(platform, firmware, obtain);
  expect(kernelArguments).toContain(`ignition.platform.id=${ignition}`);
  expect(kernelArguments).toContain('ignition.firstboot');
  expect(consolesOf(kernelArguments)).toEqual(consoles);
  expect(leftInBoot, 'the configuration may hold secrets').toBe('');
});
