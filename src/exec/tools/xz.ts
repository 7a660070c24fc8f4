import type { Tool } from '../tool.ts';

export const xz: Tool = {
  name: 'xz',
  packages: { deb: 'xz-utils', rpm: 'xz' },
  purpose: 'compresses disk images',
};
