import { constants } from 'node:fs';
import { copyFile, type FileHandle, open, rm } from 'node:fs/promises';
import { usageError } from '../lib/errors.ts';
import { commitRename, temporaryName } from '../lib/files.ts';
import { exists, isMissing } from '../lib/if-exists.ts';
import type { Patch } from './iso-image/area.ts';
import { type Iso, readIso } from './iso-image/iso9660.ts';

/**
 * Opens an ISO file to read it.
 * @param work gets the ISO, which is closed when it is done
 * @throws CosaError `ISO_MISSING`, `NOT_A_FILE` (exit 2), `ISO_INVALID` (exit 4), what `work` throws
 */
export async function withIso<T>(path: string, work: (iso: Iso) => Promise<T>): Promise<T> {
  await using file = await openFile(path, constants.O_RDONLY);
  return await work(await readIso(file, path, (await file.stat()).size));
}

/**
 * Changes an ISO file in place, or a copy of it. All that can be wrong is found before anything is written. In place each
 * change is one write, in the order given, and each is on the disk before the next: what is killed between two is told apart
 * by who reads it. A copy appears when it is complete.
 * @param output where the copy goes; nothing may be there. Unless given, the file itself changes
 * @param change finds what is to be written
 * @throws CosaError `OUTPUT_EXISTS`, `ISO_MISSING`, `NOT_A_FILE` (exit 2), `ISO_INVALID` (exit 4), what `change` throws; the
 *   system's error, such as `EACCES`
 */
export async function changeIso(
  path: string,
  output: string | undefined,
  change: (iso: Iso) => Promise<readonly Patch[]>,
): Promise<void> {
  if (output !== undefined && (await exists(output))) {
    throw usageError('OUTPUT_EXISTS', `${output} is there already`, { hint: 'name another file, or remove it first' });
  }
  const patches = await withIso(path, change);
  if (output === undefined) return patchFile(path, patches);
  const temporary = temporaryName(output);
  try {
    await copyFile(path, temporary, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    await patchFile(temporary, patches);
    await commitRename(temporary, output);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function patchFile(path: string, patches: readonly Patch[]): Promise<void> {
  await using file = await openFile(path, constants.O_RDWR);
  for (const { position, bytes } of patches) {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
    await file.sync();
  }
}

async function openFile(path: string, flags: number): Promise<FileHandle> {
  let file: FileHandle;
  try {
    file = await open(path, flags | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    if (isMissing(error)) throw usageError('ISO_MISSING', `there is no ISO ${path}`);
    throw error;
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw usageError('NOT_A_FILE', `${path} cannot be read: it is no regular file`);
}
