import type { Tool } from '../tool.ts';

export const qemuImg: Tool = {
  name: 'qemu-img',
  packages: { deb: 'qemu-utils', rpm: 'qemu-img' },
  purpose: 'writes disk images in the formats of hypervisors',
};
