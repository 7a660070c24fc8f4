import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { isNamePart } from '../../disk/image-name.ts';
import { type RecordedDiskImage, recordedImagesIn } from '../../disk/images-in.ts';
import { allPlatforms, findPlatform } from '../../disk/platforms.ts';
import { checkRecord, recordPath } from '../../disk/record.ts';
import type { Digest } from '../../lib/digest.ts';
import { usageError } from '../../lib/errors.ts';
import { ifExists } from '../../lib/if-exists.ts';
import { readTextIfExists } from '../../lib/text-file.ts';

/** What disk images are looked for by. */
export interface SoughtImages {
  /** Paths of images, or names of platforms; none for all that there are. */
  names: readonly string[];
  /** Where relative paths start. */
  directory: string;
  /** Where the images of all versions lie, in a directory each. */
  images: string;
  container: { digest: Digest; version: string };
}

/**
 * The disk images of a container that are meant, each once: files by their path, and those of the work directory by their
 * platform, in every format in which they are there. Customized copies are none of them.
 * @throws CosaError `DISK_IMAGE_MISSING`, `DISK_IMAGE_UNRECORDED`, `DISK_IMAGE_OTHER_CONTAINER`,
 *   `DISK_IMAGE_CUSTOMIZED`, `PLATFORM_UNKNOWN` (exit 2),
 *   `DISK_IMAGE_INVALID` (exit 4)
 */
export async function localImages(sought: SoughtImages): Promise<readonly RecordedDiskImage[]> {
  const { names, images, container } = sought;
  const made = isNamePart(container.version)
    ? (await recordedImagesIn(join(images, container.version), container.digest)).filter(isPristine)
    : [];
  const found = new Map<string, RecordedDiskImage>();
  for (const name of names.length === 0 ? [allPlatforms] : names) {
    for (const image of await imagesNamed(name, made, sought)) found.set(image.path, image);
  }
  return [...found.values()];
}

/** A customized copy may hold an Ignition config with secrets of its owner, and has no place among what all machines start from. */
function isPristine({ record }: Pick<RecordedDiskImage, 'record'>): boolean {
  return record.customized === undefined;
}

async function imagesNamed(
  name: string,
  made: readonly RecordedDiskImage[],
  { directory, images, container }: SoughtImages,
): Promise<readonly RecordedDiskImage[]> {
  const path = resolve(directory, name);
  if ((await ifExists(stat(path)))?.isFile() === true) return [await imageFile(path, container.digest)];
  const matching = name === allPlatforms ? made : made.filter(({ record }) => record.platform === name);
  if (matching.length > 0) return matching;
  if (name.includes('/')) throw usageError('DISK_IMAGE_MISSING', `there is no disk image ${path}`);
  if (name !== allPlatforms) findPlatform(name);
  const where = join(images, container.version);
  const what = name === allPlatforms ? 'no disk image' : `no disk image for ${name}`;
  throw usageError('DISK_IMAGE_MISSING', `${where} has ${what} of container ${container.digest}`, {
    hint: `make it: cosa image build ${name}`,
  });
}

async function imageFile(path: string, container: Digest): Promise<RecordedDiskImage> {
  const recordText = await readTextIfExists(recordPath(path));
  if (recordText === undefined) {
    throw usageError('DISK_IMAGE_UNRECORDED', `${path} has no record beside it: ${recordPath(path)}`, {
      hint: 'name an image that "cosa image build" has made, or the first file of one',
    });
  }
  const record = checkRecord(recordText, `${recordPath(path)}:`);
  if (record.container.digest !== container) {
    throw usageError(
      'DISK_IMAGE_OTHER_CONTAINER',
      `${path} was made of container ${record.container.digest}, and not of ${container}`,
      { hint: 'name its container with --from' },
    );
  }
  if (!isPristine({ record })) {
    throw usageError('DISK_IMAGE_CUSTOMIZED', `${path} was customized: it does not follow from its container alone`, {
      hint: 'push the image that it is a copy of, and customize what is pulled',
    });
  }
  const [first] = record.files;
  if (first !== undefined && join(dirname(path), first.name) !== path) {
    throw usageError(
      'DISK_IMAGE_UNRECORDED',
      `${recordPath(path)} is the record of ${first.name}, and not of ${path}`,
      {
        hint: 'an image and its record keep the names that "cosa image build" gave them',
      },
    );
  }
  return { path, record, recordText };
}
