import { expect, test } from 'vitest';
import type { Firmware } from '../../src/vm/firmware.ts';
import { bootPlatform, consolesOf } from './platform.ts';

// One of each kind: large sectors, and an image that must be unpacked first. more/platforms.test.ts has the others.
test.each<[platform: string, firmware: Firmware, ignition: string, consoles: string[]]>([
  ['metal4k', 'uefi', 'metal', []],
  ['vmware', 'uefi', 'vmware', ['ttyS0,115200n8', 'tty0']],
])('the %s disk boots by %s, and says where it runs', async (platform, firmware, ignition, consoles) => {
  const { kernelArguments, leftInBoot } = await bootPlatform(platform, firmware);
  expect(kernelArguments).toContain(`ignition.platform.id=${ignition}`);
  expect(kernelArguments).toContain('ignition.firstboot');
  expect(consolesOf(kernelArguments)).toEqual(consoles);
  expect(leftInBoot, 'the configuration may hold secrets').toBe('');
});
