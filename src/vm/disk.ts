import { open, stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { z } from 'zod';
import { run } from '../exec/run.ts';
import { tools } from '../exec/tools.ts';
import { usageError } from '../lib/errors.ts';
import { requireSelfContained } from './qcow2-header.ts';

/** Never probed: a guest that owns a raw disk could write another format's header onto it, and have us read any file. */
const formats: Readonly<Record<string, 'qcow2' | 'raw'>> = { '.qcow2': 'qcow2', '.raw': 'raw', '.img': 'raw' };

const imageInformation = z.object({ 'virtual-size': z.number().int().positive() });

type SectorSize = 512 | 4096;

/** A disk on which nothing is. */
export interface EmptyDisk {
  /** Bytes. */
  size: number;
  /** Bytes of a sector. */
  sectorSize: SectorSize;
}

export interface DiskOverlay {
  /** A qcow2 that the guest writes to. */
  path: string;
  /** Bytes that the guest sees. */
  size: number;
  /** Bytes of a sector, which the disk's partition table was written for. */
  sectorSize: SectorSize;
  /** What is under it, and stays as it is; nothing, if the disk was empty. */
  base: { path: string; format: 'qcow2' | 'raw'; isDevice: boolean } | undefined;
}

/**
 * Makes a disk whose content is that of `image` and whose changes go to a file in `directory`: the image itself stays
 * as it is, and may be in use by others. It may come from anybody: it must be complete in itself.
 * @param grow bytes by which the guest's disk is larger than the image
 * @param name of the file, without its ending
 * @throws CosaError `DISK_FORMAT_UNKNOWN` (exit 2), what {@link requireSelfContained} throws, `TOOL_FAILED` naming the
 *   file if it is damaged
 */
export async function createOverlay(image: string, directory: string, grow = 0, name = 'disk'): Promise<DiskOverlay> {
  const format = formats[extname(image)];
  if (format === undefined) {
    throw usageError('DISK_FORMAT_UNKNOWN', `${image}: cannot tell the disk's format by its name`, {
      hint: `a disk's name ends in ${Object.keys(formats).join(', ')}`,
    });
  }
  const base = resolve(image);
  if (format === 'qcow2') await requireSelfContained(base);
  const { stdout } = await run(tools.qemuImg, ['info', '-f', format, '--force-share', '--output=json', base]);
  const size = imageInformation.parse(JSON.parse(stdout))['virtual-size'] + grow;
  const path = overlayPath(directory, name);
  await run(tools.qemuImg, ['create', '-q', '-f', 'qcow2', '-b', base, '-F', format, path, String(size)]);
  const isDevice = (await stat(base)).isBlockDevice();
  const sectorSize = format === 'raw' ? await sectorSizeOf(base) : 512;
  return { path, size, sectorSize, base: { path: base, format, isDevice } };
}

/** Makes an empty disk, whose content goes to a file in `directory`. */
export async function createEmptyDisk({ size, sectorSize }: EmptyDisk, directory: string): Promise<DiskOverlay> {
  const path = overlayPath(directory, 'disk');
  await run(tools.qemuImg, ['create', '-q', '-f', 'qcow2', path, String(size)]);
  return { path, size, sectorSize, base: undefined };
}

function overlayPath(directory: string, name: string): string {
  return join(directory, `${name}.qcow2`);
}

/** The header of a GUID partition table is the second sector (UEFI specification 5.3.1). Where there is none: 512. */
async function sectorSizeOf(disk: string): Promise<SectorSize> {
  const signature = Buffer.from('EFI PART');
  await using file = await open(disk);
  const { buffer } = await file.read(Buffer.alloc(signature.length), 0, signature.length, 4096);
  return buffer.equals(signature) ? 4096 : 512;
}

/**
 * The disk for QEMU's `-blockdev`, as the node `node`. Both formats are told, and that nothing is under the base: no
 * header is believed.
 */
export function blockDevice({ path, base }: Pick<DiskOverlay, 'path' | 'base'>, node: string): string {
  // The overlay is thrown away: nobody waits for it to be on a disk.
  const cache = { 'no-flush': true };
  const file = { driver: 'file', filename: path, discard: 'unmap', cache };
  const backing = base && {
    driver: base.format,
    file: { driver: base.isDevice ? 'host_device' : 'file', filename: base.path, 'read-only': true },
    'read-only': true,
    ...(base.format === 'qcow2' ? { backing: null } : {}),
  };
  return JSON.stringify({
    driver: 'qcow2',
    'node-name': node,
    file,
    backing: backing ?? null,
    discard: 'unmap',
    cache,
  });
}
