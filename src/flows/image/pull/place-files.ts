import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { VerifiedFiles } from '../../../disk/artifacts/verified-files.ts';
import type { StoredDiskImage, StoredFile } from '../../../disk/distribution/read.ts';
import { recordPath } from '../../../disk/record.ts';
import { digestHex } from '../../../lib/digest.ts';
import { usageError } from '../../../lib/errors.ts';
import { ifExists } from '../../../lib/if-exists.ts';
import { readTextIfExists } from '../../../lib/text-file.ts';

/**
 * Finds out whether a disk image lies in a directory already: every file byte for byte, and the record.
 * @param force true to let other files be replaced
 * @throws CosaError `DISK_IMAGE_EXISTS` (exit 2) if another file is in the way
 */
export async function isThere(
  { files, record }: StoredDiskImage,
  directory: string,
  verified: VerifiedFiles,
  force: boolean,
): Promise<boolean> {
  const whole: boolean[] = [];
  for (const file of files) whole.push(await isFileThere(file, join(directory, file.name), verified, force));
  if (whole.includes(false)) return false;
  const [{ name }] = files as [StoredFile];
  return record === undefined || (await readTextIfExists(recordPath(join(directory, name)))) === record.text;
}

async function isFileThere(
  { blob }: StoredFile,
  path: string,
  verified: VerifiedFiles,
  force: boolean,
): Promise<boolean> {
  const stats = await ifExists(lstat(path));
  if (stats === undefined) return false;
  if (stats.isDirectory()) {
    throw usageError('NOT_A_FILE', `${path} cannot be replaced: it is a directory, and no file`, {
      hint: 'remove it, or name another directory with --output',
    });
  }
  if (stats.isFile() && (await verified.isWhole(path, { size: blob.size, sha256: digestHex(blob.digest) })))
    return true;
  if (force) return false;
  throw usageError('DISK_IMAGE_EXISTS', `${path} is there already, and is another file than ${blob.digest}`, {
    hint: 'replace it with --force, or name another directory with --output',
  });
}
