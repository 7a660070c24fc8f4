import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { encodeGpt } from '../../src/disk/partitions/gpt.ts';

const mebibyte = 1 << 20;
/** Bytes of the disk, and where its boot partition lies. */
export const diskBytes = 12 * mebibyte;
export const bootPlace = { offset: mebibyte, size: 8 * mebibyte } as const;

interface PartitionedDiskOptions {
  sectorSize: 512 | 4096;
  /** Files of the boot filesystem by their paths, with their texts. */
  boot: readonly (readonly [path: string, text: string])[];
  /** Of mke2fs. */
  options?: readonly string[];
}

/** Writes a raw disk with a partition table and a boot filesystem, made by mke2fs. @param scratch a directory to work in */
export function writePartitionedDisk(
  path: string,
  scratch: string,
  { sectorSize, boot, options = [] }: PartitionedDiskOptions,
): void {
  const tree = join(scratch, 'tree');
  const filesystem = join(scratch, 'boot.img');
  mkdirSync(tree, { recursive: true });
  for (const [name, text] of boot) {
    mkdirSync(dirname(join(tree, name)), { recursive: true });
    writeFileSync(join(tree, name), text);
  }
  const size = `${bootPlace.size / mebibyte}M`;
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-L', 'boot', ...options, '-d', tree, filesystem, size], {
    stdio: 'pipe',
  });
  const { primary, backup, backupOffset } = encodeGpt({
    guid: '11111111-2222-4333-8444-555555555555',
    sectorSize,
    sectorCount: diskBytes / sectorSize,
    partitions: [
      {
        name: 'boot',
        type: 'bc13c2ff-59e6-4262-a352-b275fd6f7172',
        guid: '66666666-7777-4888-9999-aaaaaaaaaaaa',
        firstSector: bootPlace.offset / sectorSize,
        sectorCount: bootPlace.size / sectorSize,
      },
    ],
  });
  const file = openSync(path, 'w');
  writeSync(file, primary, 0, primary.length, 0);
  writeSync(file, readFileSync(filesystem), 0, bootPlace.size, bootPlace.offset);
  writeSync(file, backup, 0, backup.length, backupOffset);
  closeSync(file);
  for (const name of [tree, filesystem]) rmSync(name, { recursive: true });
}
