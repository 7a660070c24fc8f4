import type { Tool } from '../tool.ts';

export const zstd: Tool = {
  name: 'zstd',
  packages: { deb: 'zstd', rpm: 'zstd' },
  purpose: 'compresses disk images',
};
