import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../exec/run.ts';
import { tools } from '../../../exec/tools.ts';
import { CosaError, verificationError } from '../../../lib/errors.ts';
import { compareBytes } from '../../../lib/order.ts';
import { parseOptions } from '../../filesystems/options.ts';
import { type Filesystem, type FilesystemRequest, optionsKey } from './filesystem.ts';
import { filesystemFull } from './full.ts';

/** Below this many clusters a FAT filesystem cannot be FAT32 (Microsoft FAT specification, "FAT type determination"). */
const fat32MinimumClusters = 65525;

/** FAT has no times before 1980. */
const fatEpoch = 315532800;

/** Names that mtools neither expands nor takes for a drive. */
const plainName = /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}$/;

export const vfat: Filesystem = { name: 'vfat', write };

async function write(request: FilesystemRequest): Promise<void> {
  const { disk, offset, size, source, label } = request;
  parseOptions('vfat', { options: request.options, optionsKey }, new Map());
  const volume = request.uuid.slice(0, 8);
  const args = ['--invariant', '-i', volume, '-n', label, '-F', '32', '-s', '1', '-h', String(offset / 512)];
  if (size / 512 < fat32MinimumClusters * 1.1) throw new RangeError(`${size} bytes are too few for FAT32`);
  args.push(`--offset=${offset / 512}`, disk, String(Math.floor(size / 1024)));
  await run(tools.mkfsVfat, args);
  const tree = await listTree(source, '');
  const image = `${disk}@@${offset}`;
  const env = {
    // Every time that mtools writes; and no configuration of the user's.
    SOURCE_DATE_EPOCH: String(Math.max(request.timestamp, fatEpoch)),
    MTOOLSRC: '/dev/null',
    MTOOLS_SKIP_CHECK: '1',
  };
  try {
    for (const { directory, files } of tree) {
      if (directory !== '') await run(tools.mmd, ['-i', image, `::${directory}`], { env });
      const paths = files.map((name) => join(source, directory, name));
      if (paths.length > 0) await run(tools.mcopy, ['-i', image, ...paths, `::${directory}/`], { env });
    }
  } catch (error) {
    if (error instanceof CosaError && /disk full|no free cluster/i.test(error.message)) {
      throw filesystemFull(label, size, error);
    }
    throw error;
  }
}

interface Directory {
  /** Relative to the source, with a slash in front; empty for the source itself. */
  directory: string;
  /** Sorted. */
  files: readonly string[];
}

/** Directories before what lies in them, all in byte order: the order decides where a file's clusters lie. */
async function listTree(source: string, directory: string): Promise<Directory[]> {
  const entries = await readdir(join(source, directory), { withFileTypes: true });
  entries.sort((a, b) => compareBytes(a.name, b.name));
  const files: string[] = [];
  const below: Directory[] = [];
  for (const entry of entries) {
    const path = `${directory}/${entry.name}`;
    if (!plainName.test(entry.name)) {
      throw verificationError('ESP_NAME', `${JSON.stringify(path)} cannot be a name in the EFI system partition`);
    }
    if (entry.isDirectory()) below.push(...(await listTree(source, path)));
    else if (entry.isFile()) files.push(entry.name);
    else throw verificationError('ESP_ENTRY', `${path} in the EFI system partition is neither a file nor a directory`);
  }
  return [{ directory, files }, ...below];
}
