import { expect, test } from 'vitest';
import type { Firmware } from '../../../src/vm/firmware.ts';
import { bootPlatform, bootToCloud, consolesOf, fetchFromRegistry, readFromStream } from '../platform.ts';

// Two come from a release, as whoever has nothing else makes of it: one from a web server, found by its stream's metadata,
// and one from a registry.
test.each<
  [platform: string, firmware: Firmware, ignition: string, consoles: string[], obtain?: typeof fetchFromRegistry]
>([
  ['qemu', 'uefi', 'qemu', ['tty0', 'ttyS0,115200n8'], readFromStream],
  ['vmware', 'uefi', 'vmware', ['ttyS0,115200n8', 'tty0'], fetchFromRegistry],
  ['metal', 'bios', 'metal', []],
  ['metal4k', 'uefi', 'metal', []],
  ['azure', 'uefi', 'azure', ['tty0', 'ttyS0,115200n8']],
  ['gcp', 'uefi', 'gcp', ['tty0', 'ttyS0,115200n8']],
  ['openstack', 'bios', 'openstack', ['ttyS0,115200n8', 'tty0']],
])('the %s disk boots by %s, and says where it runs', async (platform, firmware, ignition, consoles, obtain) => {
  const { kernelArguments, leftInBoot } = await bootPlatform(platform, firmware, obtain);
  expect(kernelArguments).toContain(`ignition.platform.id=${ignition}`);
  expect(kernelArguments).toContain('ignition.firstboot');
  expect(consolesOf(kernelArguments)).toEqual(consoles);
  expect(leftInBoot, 'the configuration may hold secrets').toBe('');
});

test('the aws disk boots to where Ignition, which knows the platform, waits for its metadata service', async () => {
  const kernelArguments = await bootToCloud('aws', 'bios');
  expect(kernelArguments).toContain('ignition.platform.id=aws');
  expect(kernelArguments).toContain('ignition.firstboot');
  expect(consolesOf(kernelArguments)).toEqual(['tty0', 'ttyS0,115200n8']);
});
