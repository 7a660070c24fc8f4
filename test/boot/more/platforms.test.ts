import { expect, test } from 'vitest';
import type { Firmware } from '../../../src/vm/firmware.ts';
import { bootPlatform, bootToCloud, consolesOf, fetchFromRegistry } from '../platform.ts';

// One comes from a registry, as of a release that has no other storage.
test.each<
  [platform: string, firmware: Firmware, ignition: string, consoles: string[], obtain?: typeof fetchFromRegistry]
>([
  ['vmware', 'uefi', 'vmware', ['ttyS0,115200n8', 'tty0'], fetchFromRegistry],
  ['metal', 'bios', 'metal', []],
  ['metal4k', 'uefi', 'metal', []],
  ['azure', 'uefi', 'azure', ['tty0', 'ttyS0,115200n8']],
  ['gcp', 'uefi', 'gcp', ['tty0', 'ttyS0,115200n8']],
  ['openstack', 'bios', 'openstack', ['ttyS0,115200n8', 'tty0']],
])('the %s disk boots by %s, and says where it runs', async (platform, firmware, ignition, consoles, obtain) => {
  const { kernelArguments } = await bootPlatform(platform, firmware, obtain);
  expect(kernelArguments).toContain(`ignition.platform.id=${ignition}`);
  expect(kernelArguments).toContain('ignition.firstboot');
  expect(consolesOf(kernelArguments)).toEqual(consoles);
});

test('the aws disk boots to where Ignition, which knows the platform, waits for its metadata service', async () => {
  const kernelArguments = await bootToCloud('aws', 'bios');
  expect(kernelArguments).toContain('ignition.platform.id=aws');
  expect(kernelArguments).toContain('ignition.firstboot');
  expect(consolesOf(kernelArguments)).toEqual(['tty0', 'ttyS0,115200n8']);
});
