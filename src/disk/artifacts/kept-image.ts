import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../../lib/directories.ts';
import { usageError } from '../../lib/errors.ts';
import { commitRename, writeFileAtomic } from '../../lib/files.ts';
import { ifExists } from '../../lib/if-exists.ts';
import { readTextIfExists } from '../../lib/text-file.ts';
import { areVersionsCurrent } from '../host-filesystems.ts';
import { type DiskImageRecord, formatRecord, parseRecord, type RecordedFile, recordPath } from '../record.ts';
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
  directory: string;
  /** Of its files, in the record's order. */
  names: readonly string[];
  platform: string;
  key: string;
}

/**
 * The image that lies in a directory, if it was made under this key and is what was written then, byte for byte: what is booted, tested
 * or handed out must be what was made. Whoever can write to the directory can write a record: one of other files says nothing.
 * @param warn is told of one that is not what was written
 * @throws CosaError `NOT_A_FILE` (exit 2) if something is there that no image can replace
 */
export async function findKeptImage(
  { directory, names, platform, key }: SoughtImage,
  verified: VerifiedFiles,
  warn: (message: string) => void,
): Promise<DiskImage | undefined> {
  const paths = names.map((name) => join(directory, name));
  const [path] = paths as [string];
  const text = await readTextIfExists(recordPath(path));
  const record = text === undefined ? undefined : parseRecord(text);
  const areThere = await Promise.all(paths.map(isThere));
  if (areThere.includes(false) || record?.key !== key || record.platform !== platform) return undefined;
  const { files } = record;
  if (files.length !== names.length || files.some(({ name }, index) => name !== names[index])) return undefined;
  if (!(await areVersionsCurrent(record['host-tools']))) return undefined;
  for (const file of files) {
    const own = join(directory, file.name);
    if (await verified.isWhole(own, file)) continue;
    warn(`${own} is made anew: it is not the file that was written there`);
    return undefined;
  }
  return { path, record };
}

async function isThere(path: string): Promise<boolean> {
  const there = await ifExists(lstat(path));
  if (!there?.isDirectory()) return there !== undefined;
  throw usageError('NOT_A_FILE', `${path} cannot be replaced: it is a directory, and no file`, {
    hint: 'remove it, or name another directory with --output',
  });
}

/**
 * Gives an image and its record their final names, each as a whole.
 * @param from a directory on the same file system, with the record's files, which are flushed to disk here
 * @param directory made if missing
 * @param recordText the record as it is stored, where it is not to be written anew
 */
export async function publishImage(
  from: string,
  directory: string,
  record: DiskImageRecord,
  recordText = formatRecord(record),
): Promise<DiskImage> {
  const [{ name: first }] = record.files as [RecordedFile];
  const path = join(directory, first);
  await makeDirectory(directory);
  const unnamed = recordPath(join(from, first));
  await writeFileAtomic(unnamed, recordText);
  // An old record must not stand beside a new image, nor a new one beside an old image.
  await rm(recordPath(path), { force: true });
  for (const { name } of record.files) await commitRename(join(from, name), join(directory, name));
  await commitRename(unnamed, recordPath(path));
  return { path, record };
}
