import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type CosaError, isSystemError, type SourcePosition, usageError } from './errors.ts';
import { ifExists } from './if-exists.ts';

/** What people write by hand, and what programs write of it, stays far below. */
const defaultMaximumBytes = 64 * 1024 * 1024;

/**
 * A text file that somebody has named. What is no regular file is refused before it is read: a pipe would be waited for,
 * a device may never end. /dev/null is an empty file.
 * @param maximumBytes more is an error; nothing of it is read then
 * @param where what names the file, for errors
 * @throws CosaError `NOT_A_FILE`, `FILE_TOO_LARGE` (exit 2), system errors such as ENOENT
 */
export async function readText(
  path: string,
  maximumBytes = defaultMaximumBytes,
  where?: SourcePosition,
): Promise<string> {
  await using handle = await openWithoutWaiting(path, where);
  const stats = await handle.stat();
  if (isNullDevice(stats)) return '';
  if (!stats.isFile()) throw notAFile(path, kindOf(stats), where);
  return await readBounded(handle, path, { maximumBytes, where });
}

/** As {@link readText}; `undefined` if there is no such file. */
export async function readTextIfExists(
  path: string,
  maximumBytes = defaultMaximumBytes,
  where?: SourcePosition,
): Promise<string | undefined> {
  return ifExists(readText(path, maximumBytes, where));
}

async function openWithoutWaiting(path: string, where: SourcePosition | undefined): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    // Linux's answer for a socket, and for a device that nothing is behind.
    if (isSystemError(error, 'ENXIO')) throw notAFile(path, 'a socket or a device', where);
    throw error;
  }
}

/** Files below /proc say that they are empty, and a file may grow: what is read counts. */
async function readBounded(
  handle: FileHandle,
  path: string,
  { maximumBytes, where }: { maximumBytes: number; where: SourcePosition | undefined },
): Promise<string> {
  const { size } = await handle.stat();
  if (size > maximumBytes) throw tooLarge(path, maximumBytes, where);
  const chunks: Buffer[] = [];
  let total = 0;
  for (;;) {
    const buffer = Buffer.allocUnsafe(Math.max(size - total, 0) + 4096);
    const { bytesRead } = await handle.read(buffer);
    if (bytesRead === 0) return Buffer.concat(chunks).toString('utf8');
    chunks.push(buffer.subarray(0, bytesRead));
    total += bytesRead;
    if (total > maximumBytes) throw tooLarge(path, maximumBytes, where);
  }
}

function isNullDevice(stats: Stats): boolean {
  // https://www.kernel.org/doc/Documentation/admin-guide/devices.txt: character device 1, 3.
  return stats.isCharacterDevice() && stats.rdev === ((1 << 8) | 3);
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a directory';
  if (stats.isFIFO()) return 'a pipe';
  return 'a device';
}

function notAFile(path: string, kind: string, where: SourcePosition | undefined): CosaError {
  const place = where === undefined ? {} : { where };
  return usageError('NOT_A_FILE', `${path} cannot be read: it is ${kind}, and no file`, place);
}

function tooLarge(path: string, maximumBytes: number, where: SourcePosition | undefined): CosaError {
  return usageError('FILE_TOO_LARGE', `${path} cannot be read: it has more than ${maximumBytes} bytes`, {
    hint: 'no file of its kind is that large: look whether it is the right one',
    // Of a file that is there, the place is in it.
    ...(where === undefined ? {} : { where: { file: path } }),
  });
}
