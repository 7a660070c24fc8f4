import { extname, join, resolve } from 'node:path';
import { z } from 'zod';
import { run } from '../exec/run.ts';
import { qemuImg } from '../exec/tools/qemu-img.ts';
import { usageError } from '../lib/errors.ts';

/** Never probed: a guest that owns a raw disk could write another format's header onto it, and have us read any file. */
const formats: Readonly<Record<string, string>> = { '.qcow2': 'qcow2', '.raw': 'raw', '.img': 'raw' };

const imageInformation = z.object({ 'virtual-size': z.number().int().positive() });

export interface DiskOverlay {
  path: string;
  /** Bytes that the guest sees. */
  size: number;
}

/**
 * Makes a disk whose content is that of `image` and whose changes go to a file in `directory`: the image itself stays
 * as it is, and may be in use by others.
 * @param grow bytes by which the guest's disk is larger than the image
 * @throws CosaError `DISK_FORMAT_UNKNOWN` (exit 2), `TOOL_FAILED` naming the file if it is no such image
 */
export async function createOverlay(image: string, directory: string, grow = 0): Promise<DiskOverlay> {
  const format = formats[extname(image)];
  if (format === undefined) {
    throw usageError('DISK_FORMAT_UNKNOWN', `${image}: cannot tell the disk's format by its name`, {
      hint: `a disk's name ends in ${Object.keys(formats).join(', ')}`,
    });
  }
  const base = resolve(image);
  const { stdout } = await run(qemuImg, ['info', '-f', format, '--force-share', '--output=json', base]);
  const size = imageInformation.parse(JSON.parse(stdout))['virtual-size'] + grow;
  const path = join(directory, 'disk.qcow2');
  await run(qemuImg, ['create', '-q', '-f', 'qcow2', '-b', base, '-F', format, path, String(size)]);
  return { path, size };
}
