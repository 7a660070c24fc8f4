import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { expect } from 'vitest';
import { ext4 } from '../../../../src/disk/filesystems/ext4.ts';
import type { FilesystemRequest, FilesystemWriter } from '../../../../src/disk/filesystems/filesystem.ts';
import type { DirectoryNode } from '../../../../src/disk/filesystems/tree.ts';
import { type DiskRange, fileOutput, rangesOutput } from '../../../../src/disk/output.ts';
import { type RunResult, run, tryRun } from '../../../../src/exec/run.ts';
import type { Tool } from '../../../../src/exec/tools.ts';

const e2fsck = e2fsprogs('e2fsck');
const dumpe2fs = e2fsprogs('dumpe2fs');
export const debugfs = e2fsprogs('debugfs');
export const resize2fs = e2fsprogs('resize2fs');

function e2fsprogs(name: string): Tool {
  return { name, packages: { deb: 'e2fsprogs', rpm: 'e2fsprogs' }, purpose: 'judges filesystems' };
}

export const timestamp = 1_700_000_000;
export const uuid = '6a4c7b0e-1d2f-8a3b-9c4d-5e6f70819203';
/** What begins a filesystem, but for where it goes. */
export function request(extra: Partial<FilesystemRequest> & Pick<FilesystemRequest, 'output'>): FilesystemRequest {
  return {
    label: 'root',
    uuid,
    timestamp,
    sectorSize: 512,
    hiddenSectors: 0,
    options: '',
    optionsKey: 'image.json: "rootfs-args"',
    scratch: '/nonexistent',
    signal: new AbortController().signal,
    ...extra,
  };
}

/** Stores contents and says what the tree is. */
export type TreeMaker = (writer: FilesystemWriter) => DirectoryNode;

/**
 * Makes a filesystem in a file.
 * @returns bytes of the filesystem, which are those of the file
 */
export async function makeImage(
  path: string,
  tree: TreeMaker | DirectoryNode,
  { size, ...extra }: { size?: number } & Partial<FilesystemRequest> = {},
): Promise<number> {
  const descriptor = openSync(path, 'w');
  try {
    const output = fileOutput(descriptor);
    await using writer = await ext4.begin(request({ output, ...extra }));
    const made = await writer.finish(typeof tree === 'function' ? tree(writer) : tree, size);
    output.finish();
    ftruncateSync(descriptor, made);
    return made;
  } finally {
    closeSync(descriptor);
  }
}

/** Makes a filesystem in memory. @returns all that was written, and bytes of the filesystem */
export async function makeRanges(
  tree: TreeMaker | DirectoryNode,
  { size, ...extra }: { size?: number } & Partial<FilesystemRequest> = {},
): Promise<{ ranges: DiskRange[]; size: number }> {
  const output = rangesOutput();
  await using writer = await ext4.begin(request({ output, ...extra }));
  const made = await writer.finish(typeof tree === 'function' ? tree(writer) : tree, size);
  return { ranges: output.ranges(), size: made };
}

/** Runs e2fsck, which changes nothing and says all that it does not like. */
export function check(image: string): Promise<RunResult> {
  return tryRun(e2fsck, ['-fn', image]);
}

/** What e2fsck says of a filesystem that it likes. */
export const clean = {
  exitCode: 0,
  stdout: expect.stringMatching(
    /^Pass 1: Checking inodes, blocks, and sizes\nPass 2: Checking directory structure\nPass 3: Checking directory connectivity\nPass 4: Checking reference counts\nPass 5: Checking group summary information\n\S+: \d+\/\d+ files \([\d.]+% non-contiguous\), \d+\/\d+ blocks\n$/,
  ),
};

/** What debugfs answers to one request. */
export async function ask(image: string, words: string): Promise<string> {
  return (await run(debugfs, ['-R', words, image])).stdout;
}

/** What dumpe2fs says of the whole filesystem, by its own words. */
export async function summary(image: string): Promise<Record<string, string>> {
  const { stdout } = await run(dumpe2fs, ['-h', image]);
  return Object.fromEntries([...stdout.matchAll(/^([^:\n]+):\s+(.*)$/gm)].map(([, key, value]) => [key, value]));
}
