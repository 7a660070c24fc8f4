import { join } from 'node:path';
import { readDiskSettings } from '../../disk/image-config.ts';
import { recordedImagesIn } from '../../disk/images-in.ts';
import { imageForm } from '../../disk/platforms/image-form.ts';
import { describeContainer } from '../../workspace/disk-images/source-container.ts';
import { resolveAdmittedImage } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';
import type { BuildImagesOptions } from './build.ts';
import { compressorFor, platformsOf, requirePlatforms } from './choices.ts';

/** A disk image that a build would make, or find. */
export interface PlannedImage {
  platform: string;
  /** With its compressor: `qcow2.xz`. */
  format: string;
  /** True if one is there; whether it is whole, the build finds out. */
  present: boolean;
}

/**
 * The disk images that a build would make, without making them.
 * @throws CosaError what `resolveAdmittedImage`, `describeContainer`, `platformsOf` and `readDiskSettings` throw
 */
export async function planImages(
  session: Session,
  { directory, from, architecture, platforms, compress = 'none' }: BuildImagesOptions,
): Promise<PlannedImage[]> {
  requirePlatforms(platforms);
  const { work, reference, image } = await resolveAdmittedImage(session, directory, from, architecture);
  const container = describeContainer(image);
  const { config } = await readDiskSettings(reference.reader, image, undefined, session.signal);
  const there = await recordedImagesIn(join(work.images, container.version), container.digest);
  return platformsOf(platforms, container, config).map((platform) => {
    const ending = compressorFor(platform, compress, config)?.extension;
    const { extension } = imageForm(platform.image);
    const format = ending === undefined ? extension : `${extension}.${ending}`;
    const present = there.some(({ record }) => record.platform === platform.name && record.format === format);
    return { platform: platform.name, format, present };
  });
}
