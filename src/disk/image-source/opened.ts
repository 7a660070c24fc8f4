import type { FileHandle } from 'node:fs/promises';
import { verificationError } from '../../lib/errors.ts';
import type { DiskFormat } from '../formats/format.ts';
import type { DiskSource } from '../source.ts';

/** An image file that is being read. */
export interface ImageFile {
  /** For messages. */
  path: string;
  /** Bytes. */
  size: number;
  /** Fills the whole buffer. @throws CosaError `DISK_INVALID` (exit 4) at the file's end */
  read(position: number, buffer: Uint8Array): Promise<void>;
}

/** A disk image whose format is known: what a machine would see of it, and how to write it again. */
export interface OpenedImage {
  source: DiskSource;
  format: DiskFormat;
}

/** Disks are read up to this size: what nobody has is asked for by hostile headers alone. */
const largestDisk = 64 * 2 ** 40;

export function imageFile(handle: FileHandle, path: string, size: number): ImageFile {
  return {
    path,
    size,
    async read(position, buffer) {
      // What is written in a file may be any number, such as one that the system has no word for.
      if (position + buffer.length > size) throw behindEnd(path, Math.max(position, size));
      for (let done = 0; done < buffer.length; ) {
        const { bytesRead } = await handle.read(buffer, done, buffer.length - done, position + done);
        if (bytesRead === 0) throw behindEnd(path, position + done);
        done += bytesRead;
      }
    },
  };
}

function behindEnd(path: string, position: number) {
  const reason = `it refers to byte ${position}, which is behind its end`;
  return invalidImage({ path }, `${reason}: it is cut off or damaged`);
}

/** Reads bytes of the file. @throws CosaError `DISK_INVALID` (exit 4) */
export async function bytesAt(file: ImageFile, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  await file.read(position, bytes);
  return bytes;
}

export function invalidImage({ path }: Pick<ImageFile, 'path'>, reason: string) {
  return verificationError('DISK_INVALID', `the disk image ${path} cannot be read: ${reason}`);
}

/** @throws CosaError `DISK_INVALID` (exit 4) for a size that is none */
export function requireDiskSize(file: ImageFile, size: number): number {
  if (!Number.isSafeInteger(size) || size < 512 || size > largestDisk || size % 512 !== 0) {
    throw invalidImage(file, `it says that its disk has ${size} bytes`);
  }
  return size;
}
