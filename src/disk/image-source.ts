import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { usageError } from '../lib/errors.ts';
import { isMissing } from '../lib/if-exists.ts';
import type { Compressor } from './compressors/compressor.ts';
import type { Extent } from './extents.ts';
import { compressorOf, decompressFile, expansionLimits } from './image-source/decompress.ts';
import { type ImageFile, imageFile, type OpenedImage } from './image-source/opened.ts';
import { openRaw, openVhd } from './image-source/plain.ts';
import { openQcow2 } from './image-source/qcow2.ts';
import { openVhdx } from './image-source/vhdx.ts';
import { openVmdk } from './image-source/vmdk.ts';
import { gptSignature } from './partitions/read-gpt.ts';

/** A disk image file that is open: its disk, and how it is written again. Disposing of it closes its file. */
export interface ImageSource extends OpenedImage, AsyncDisposable {
  /** What is laid around the format, if something is. */
  compressor: Compressor | undefined;
}

/** Room for a compressed image's content. */
export interface DiskScratch {
  directory: string;
  /** Bytes of the content, where a record of this very image says it. */
  recordedSize?: number | undefined;
}

const headBytes = 8192;

/**
 * Opens a disk image of unknown origin: raw, qcow2, VHD, VHDX or streamOptimized VMDK, compressed or not. What it is is told by
 * its bytes, not by its name.
 * @param scratch what a compressed one expands to, and may
 * @throws CosaError `DISK_MISSING`, `DISK_FORMAT_UNKNOWN`, `DISK_UNSUPPORTED` (exit 2), `DISK_INVALID`, `DISK_REFERENCE` (exit
 *   4), what `decompressFile` throws
 */
export async function openDiskImage(path: string, scratch: DiskScratch, signal: AbortSignal): Promise<ImageSource> {
  const opened = await openFile(path);
  const compressor = await closingOnError(opened, async (file) => compressorOf(await headOf(file)), path);
  if (compressor === undefined) {
    return {
      ...(await closingOnError(opened, openFormat, path)),
      compressor,
      [Symbol.asyncDispose]: () => opened.close(),
    };
  }
  const { size } = await closingOnError(opened, async (file) => file, path);
  await opened.close();
  const target = join(scratch.directory, 'decompressed');
  const limits = expansionLimits(size, scratch.recordedSize);
  const { extents } = await decompressFile(path, target, compressor, limits, signal);
  const content = await openFile(target);
  const image = await closingOnError(content, (file) => openFormat(file, extents), path);
  return { ...image, compressor, [Symbol.asyncDispose]: () => content.close() };
}

/** @param path of the image, for messages */
async function closingOnError<T>(handle: FileHandle, work: (file: ImageFile) => Promise<T>, path: string): Promise<T> {
  try {
    return await work(imageFile(handle, path, (await handle.stat()).size));
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** @param extents of a raw disk, where they are known */
async function openFormat(file: ImageFile, extents?: readonly Extent[]): Promise<OpenedImage> {
  const head = await headOf(file);
  const begins = (magic: string, at = 0) => head.toString('latin1', at, at + magic.length) === magic;
  if (begins('QFI\xfb')) return openQcow2(file);
  if (begins('KDMV')) return openVmdk(file);
  if (begins('vhdxfile')) return openVhdx(file);
  if (begins('ustar', 257)) {
    throw usageError('DISK_UNSUPPORTED', `${file.path} is an archive with a disk in it, and perhaps more`, {
      hint: 'take the disk out of it (tar --extract), customize that, and build the archive again; or let the platform hand Ignition its config',
    });
  }
  if (await hasVhdFooter(file)) return openVhd(file);
  if (begins(gptSignature, 512) || begins(gptSignature, 4096)) return openRaw(file, extents);
  throw unknown(file.path);
}

async function hasVhdFooter(file: ImageFile): Promise<boolean> {
  if (file.size < 512) return false;
  const footer = Buffer.alloc(8);
  await file.read(file.size - 512, footer);
  return footer.toString('latin1') === 'conectix';
}

async function headOf(file: ImageFile): Promise<Buffer> {
  const head = Buffer.alloc(headBytes);
  await file.read(0, head.subarray(0, Math.min(headBytes, file.size)));
  return head;
}

function unknown(path: string) {
  return usageError('DISK_FORMAT_UNKNOWN', `${path} is no disk image that is known`, {
    hint: 'raw disks with a GUID partition table are known, qcow2, VHD, VHDX, streamOptimized VMDK and ISOs',
  });
}

async function openFile(path: string): Promise<FileHandle> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    if (isMissing(error)) throw usageError('DISK_MISSING', `there is no disk image ${path}`);
    throw error;
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw usageError('NOT_A_FILE', `${path} cannot be read: it is no regular file`);
}
