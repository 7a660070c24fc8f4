import { lstat, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeDirectory } from '../../lib/directories.ts';
import { usageError } from '../../lib/errors.ts';
import { commitRename, writeFileAtomic } from '../../lib/files.ts';
import { ifExists } from '../../lib/if-exists.ts';
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

/** An image that may be there. */
interface SoughtImage {
  /** Where it would lie. */
  path: string;
  platform: string;
  key: string;
}

/**
 * The image that lies at a path, if it was made under this key and is what was written then, byte for byte: what is booted, tested
 * or handed out must be what was made. Whoever can write to the directory can write a record: one of other files says nothing.
 * @param warn is told of one that is not what was written
 * @throws CosaError `NOT_A_FILE` (exit 2) if something is there that no image can replace
 */
export async function findKeptImage(
  { path, platform, key }: SoughtImage,
  verified: VerifiedFiles,
  warn: (message: string) => void,
): Promise<DiskImage | undefined> {
  const text = await readTextIfExists(recordPath(path));
  const record = text === undefined ? undefined : parseRecord(text);
  const there = await ifExists(lstat(path));
  if (there?.isDirectory()) {
    throw usageError('NOT_A_FILE', `${path} cannot be replaced: it is a directory, and no file`, {
      hint: 'remove it, or name another directory with --output',
    });
  }
  if (there === undefined || record?.key !== key || record.platform !== platform) return undefined;
  const [file, ...others] = record.files;
  if (file?.name !== basename(path) || others.length > 0) return undefined;
  if (!(await areVersionsCurrent(record['host-tools']))) return undefined;
  if (await verified.isWhole(path, file)) return { path, record };
  warn(`${path} is made anew: it is not the file that was written there`);
  return undefined;
}

/**
 * Gives an image and its record their final names, each as a whole.
 * @param file the image's first file; it and those beside it have their final names already, and are on the file system of
 *   `directory`. They are flushed to disk here
 * @param directory made if missing
 * @param recordText the record as it is stored, where it is not to be written anew
 */
export async function publishImage(
  file: string,
  directory: string,
  record: DiskImageRecord,
  recordText = formatRecord(record),
): Promise<DiskImage> {
  const [{ name }] = record.files as [DiskImageRecord['files'][number]];
  const path = join(directory, name);
  await makeDirectory(directory);
  const unnamed = `${file}.json`;
  await writeFileAtomic(unnamed, recordText);
  // An old record must not stand beside a new image, nor a new one beside an old image.
  await rm(recordPath(path), { force: true });
  for (const { name } of record.files) await commitRename(join(dirname(file), name), join(directory, name));
  await commitRename(unnamed, recordPath(path));
  return { path, record };
}
