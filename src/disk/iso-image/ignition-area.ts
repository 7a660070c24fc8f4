import { z } from 'zod';
import { CosaError, usageError } from '../../lib/errors.ts';
import type { Extent } from '../extents.ts';
import { type ArchiveFiles, decodeArchive, encodeArchive } from './archive.ts';
import { areaIn, invalidArea, type Patch, readDescription } from './area.ts';
import type { Iso } from './iso9660.ts';

/** Where Ignition in a live system looks for its config, in the archive that the area holds. */
const configPath = 'config.ign';

/** Media have 256 KiB, and some what they want. */
const largestArea = 64 << 20;

/** What the ISO says of its area. https://coreos.github.io/coreos-installer/iso-embed-ignition/ */
const description = z.object({
  file: z.string().max(1024),
  offset: z.int().nonnegative().optional(),
  length: z.int().positive().optional(),
});

/** The area of an ISO for an Ignition config and what else the initramfs shall have, such as network settings. */
export interface IgnitionArea {
  /** Its place in the ISO. */
  extent: Extent;
  /** What it holds; `undefined` for what nobody can read. */
  files: ArchiveFiles | undefined;
  /** Why nobody can, if so. */
  fault: string | undefined;
}

/**
 * Finds the area and reads it.
 * @throws CosaError `ISO_AREA_MISSING`, `ISO_AREA_INVALID`, `ISO_INVALID` (exit 4)
 */
export async function readIgnitionArea(iso: Iso): Promise<IgnitionArea> {
  const found = await readDescription(iso, 'coreos/igninfo.json', description);
  // Media of before 2023 do not say where it is.
  const { file, offset = 0, length } = found ?? { file: 'images/ignition.img' };
  if (found === undefined && (await iso.find(file)) === undefined) {
    throw new CosaError('ISO_AREA_MISSING', `${iso.path} has no area for an Ignition config`, {
      hint: 'only live ISOs of CoreOS systems have one: look whether it is the right file',
    });
  }
  const extent = await areaIn(iso, file, offset, length);
  if (extent.length > largestArea) throw invalidArea(iso, `that for Ignition has ${extent.length} bytes`);
  try {
    return { extent, files: await decodeArchive(await iso.read(extent)), fault: undefined };
  } catch (error) {
    if (error instanceof CosaError && error.code === 'ISO_INVALID') throw error;
    return { extent, files: undefined, fault: (error as Error).message };
  }
}

/**
 * The config in the area; `undefined` if there is none.
 * @throws CosaError `ISO_AREA_INVALID` (exit 4)
 */
export function embeddedIgnition(iso: Iso, area: IgnitionArea): Buffer | undefined {
  return readableFiles(iso, area).get(configPath);
}

/**
 * What gives the area another config, or none. Other files in it stay.
 * @throws CosaError `ISO_AREA_TOO_SMALL` (exit 2), `ISO_AREA_INVALID` (exit 4)
 */
export function changeIgnition(iso: Iso, area: IgnitionArea, config: string | undefined): Patch {
  const files = new Map(readableFiles(iso, area));
  files.delete(configPath);
  if (config !== undefined) files.set(configPath, Buffer.from(config));
  const bytes = Buffer.alloc(area.extent.length);
  const archive = files.size === 0 ? Buffer.alloc(0) : encodeArchive(files);
  if (archive.length > bytes.length) {
    throw usageError(
      'ISO_AREA_TOO_SMALL',
      `the Ignition config does not fit: compressed, what is embedded in ${iso.path} has ${archive.length} bytes, ` +
        `${archive.length - bytes.length} more than the area's ${bytes.length}`,
      { hint: 'leave most of it on a server, and embed a config that merges it: ignition.config.merge' },
    );
  }
  archive.copy(bytes);
  return { position: area.extent.offset, bytes };
}

function readableFiles(iso: Iso, { files, fault }: IgnitionArea): ArchiveFiles {
  if (files !== undefined) return files;
  throw invalidArea(
    iso,
    `that for Ignition holds no archive: ${fault}`,
    'what was writing it may have been killed: "cosa iso reset" empties it',
  );
}

/** What empties the area, whatever it holds. */
export function emptyIgnition({ extent }: IgnitionArea): Patch {
  return { position: extent.offset, bytes: Buffer.alloc(extent.length) };
}
