import { expect, test } from 'vitest';
import type { Firmware } from '../../src/vm/firmware.ts';
import { bootPlatform, consolesOf, fetchFromRegistry } from './platform.ts';

// One of each kind: large sectors, and an image that must be unpacked first, which comes from a registry, verified, as a release
// does that has no other storage. more/platforms.test.ts has the others.
test.each<
  [platform: string, firmware: Firmware, ignition: string, consoles: string[], obtain?: typeof fetchFromRegistry]
>([
  ['metal4k', 'uefi', 'metal', []],
  ['vmware', 'uefi', 'vmware', ['ttyS0,115200n8', 'tty0'], fetchFromRegistry],
])('the %s disk boots by %s, and says where it runs', async (platform, firmware, ignition, consoles, obtain) => {
  const { kernelArguments, leftInBoot } = await bootPlatform(platform, firmware, obtain);
  expect(kernelArguments).toContain(`ignition.platform.id=${ignition}`);
  expect(kernelArguments).toContain('ignition.firstboot');
  expect(consolesOf(kernelArguments)).toEqual(consoles);
  expect(leftInBoot, 'the configuration may hold secrets').toBe('');
});
