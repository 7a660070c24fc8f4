import type { Tool } from '../tool.ts';

export const coreutilsCopy: Tool = {
  name: 'cp',
  packages: { deb: 'coreutils', rpm: 'coreutils' },
  purpose: 'copies root directories with owners and xattrs',
};
