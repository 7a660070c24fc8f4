import type { Tool } from '../tool.ts';

const packages = { deb: 'mtools', rpm: 'mtools' };

export const mmd: Tool = { name: 'mmd', packages, purpose: 'makes directories in the EFI system partition' };

export const mcopy: Tool = { name: 'mcopy', packages, purpose: 'copies files into the EFI system partition' };
