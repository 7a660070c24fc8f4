import type { Tool } from '../tool.ts';

export const qemu: Tool = {
  name: 'qemu-system-x86_64',
  packages: { deb: 'qemu-system-x86', rpm: 'qemu-system-x86-core' },
  purpose: 'boots disk images',
};

/** QEMU may not start programs, become somebody else, or make calls that it does not need: a guest may be hostile. */
export const qemuSandbox = ['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'];
