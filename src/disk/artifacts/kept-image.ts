import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory } from '../../lib/directories.ts';
import { commitRename, writeFileAtomic } from '../../lib/files.ts';
import { exists } from '../../lib/if-exists.ts';
import { readTextIfExists } from '../../lib/text-file.ts';
import { areVersionsCurrent } from '../host-filesystems.ts';
import { type DiskImageRecord, formatRecord, parseRecord, recordPath } from '../record.ts';
import type { VerifiedFiles } from './verified-files.ts';

/** A disk image that is there, made now or before. */
export interface DiskImage {
  /** Absolute path of its first file. */
  path: string;
  record: DiskImageRecord;
}

/**
 * The image that lies at a path, if it was made under this key and is what was written then, byte for byte: what is booted, tested
 * or handed out must be what was made.
 * @param warn is told of one that is not what was written
 */
export async function findKeptImage(
  path: string,
  key: string,
  verified: VerifiedFiles,
  warn: (message: string) => void,
): Promise<DiskImage | undefined> {
  const text = await readTextIfExists(recordPath(path));
  const record = text === undefined ? undefined : parseRecord(text);
  if (record?.key !== key || !(await exists(path))) return undefined;
  if (!(await areVersionsCurrent(record['host-tools']))) return undefined;
  for (const file of record.files) {
    if (await verified.isWhole(join(dirname(path), file.name), file)) continue;
    warn(`${path} is made anew: it is not the file that was written there`);
    return undefined;
  }
  return { path, record };
}

/**
 * Gives an image and its record their final names, each as a whole.
 * @param file the image, on the file system of `directory`, flushed to disk here
 * @param directory made if missing
 */
export async function publishImage(file: string, directory: string, record: DiskImageRecord): Promise<DiskImage> {
  const [{ name }] = record.files as [DiskImageRecord['files'][number]];
  const path = join(directory, name);
  await makeDirectory(directory);
  const unnamed = `${file}.json`;
  await writeFileAtomic(unnamed, formatRecord(record));
  // An old record must not stand beside a new image, nor a new one beside an old image.
  await rm(recordPath(path), { force: true });
  await commitRename(file, path);
  await commitRename(unnamed, recordPath(path));
  return { path, record };
}
