import type { FilesystemRequest } from '../filesystem.ts';
import { parseOptions } from '../options.ts';

/** What `rootfs-args` can decide, in mke2fs's words. */
export interface Ext4Options {
  /** Part of the blocks that only root may use. */
  reservedPercent: number;
  /** Disk space that there is for each inode. */
  bytesPerInode: number;
}

const defaults: Ext4Options = { reservedPercent: 5, bytesPerInode: 16384 };

/** With fewer bytes, the inode tables of 16 groups do not fit into one. */
const [fewestBytes, mostBytes] = [8192, 4_194_304];
const mostPercent = 50;

const within = (least: number, most: number) => ({
  test: (value: string) => /^\d{1,7}$/.test(value) && Number(value) >= least && Number(value) <= most,
});

const permitted = new Map([
  ['-m', within(0, mostPercent)],
  ['-i', within(fewestBytes, mostBytes)],
]);

/** @throws CosaError `FILESYSTEM_OPTION` (exit 2) */
export function ext4Options(request: Pick<FilesystemRequest, 'options' | 'optionsKey'>): Ext4Options {
  const options = { ...defaults };
  const words = parseOptions('ext4', request, permitted);
  for (let index = 0; index < words.length; index += 2) {
    const value = Number(words[index + 1]);
    if (words[index] === '-m') options.reservedPercent = value;
    else options.bytesPerInode = value;
  }
  return options;
}
