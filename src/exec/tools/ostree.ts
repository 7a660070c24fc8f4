import type { Tool } from '../tool.ts';

export const ostree: Tool = {
  name: 'ostree',
  packages: { deb: 'ostree', rpm: 'ostree' },
  purpose: 'deploys the operating system onto a disk',
};
