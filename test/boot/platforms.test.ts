import { expect, test } from 'vitest';
import { bootPlatform, consolesOf, readFromStream } from './platform.ts';

// A release, and what who has nothing else makes of it: it lies on a web server, and is found by its stream's metadata.
// more/platforms.test.ts has one that lies in a registry, and the other platforms.
test('the qemu disk boots by uefi, and says where it runs', async () => {
  const { kernelArguments, leftInBoot } = await bootPlatform('qemu', 'uefi', readFromStream);
  expect(kernelArguments).toContain('ignition.platform.id=qemu');
  expect(kernelArguments).toContain('ignition.firstboot');
  expect(consolesOf(kernelArguments)).toEqual(['tty0', 'ttyS0,115200n8']);
  expect(leftInBoot, 'the configuration may hold secrets').toBe('');
});
