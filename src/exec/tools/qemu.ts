import type { Tool } from '../tool.ts';

export const qemu: Tool = {
  name: 'qemu-system-x86_64',
  packages: { deb: 'qemu-system-x86', rpm: 'qemu-system-x86-core' },
  purpose: 'boots disk images',
};
