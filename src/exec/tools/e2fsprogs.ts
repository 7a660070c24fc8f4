import type { Tool } from '../tool.ts';

const packages = { deb: 'e2fsprogs', rpm: 'e2fsprogs' };

export const mke2fs: Tool = { name: 'mke2fs', packages, purpose: 'writes ext4 filesystems' };

export const debugfs: Tool = { name: 'debugfs', packages, purpose: 'sets flags in ext4 filesystems' };
