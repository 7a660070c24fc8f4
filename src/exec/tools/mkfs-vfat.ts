import type { Tool } from '../tool.ts';

export const mkfsVfat: Tool = {
  name: 'mkfs.vfat',
  packages: { deb: 'dosfstools', rpm: 'dosfstools' },
  purpose: 'writes the EFI system partition',
};
