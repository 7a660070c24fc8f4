import { join } from 'node:path';
import type { DiskContainer } from '../../disk/base-disk/types.ts';
import { filesystemObstacle } from '../../disk/host-filesystems.ts';
import { readDiskSettings } from '../../disk/image-config.ts';
import { isNamePart } from '../../disk/image-name.ts';
import { recordedImagesIn } from '../../disk/images-in.ts';
import { imageForm } from '../../disk/platforms/image-form.ts';
import type { Platform } from '../../disk/platforms/platform.ts';
import { architecturesOf, platforms } from '../../disk/platforms.ts';
import type { ArchitectureName } from '../../lib/architecture.ts';
import { CosaError } from '../../lib/errors.ts';
import { describeContainer } from '../../workspace/disk-images/source-container.ts';
import { type ResolvedImage, resolveImage } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';

/** An image that lies in the work directory. */
interface ListedImage {
  path: string;
  /** With its compressor: `qcow2.xz`. */
  format: string;
  /** Bytes. */
  size: number;
  /** True for a copy with an Ignition config or kernel arguments of somebody's own. */
  customized: boolean;
}

/** Why an image cannot be made. */
interface Obstacle {
  message: string;
  hint: string | undefined;
}

export interface ListedPlatform {
  name: string;
  title: string;
  architectures: readonly ArchitectureName[];
  /** As the file name's ending has it: `qcow2`. */
  format: string;
  /** What the image is made from: the base disk, or an image of another format within it. */
  madeFrom: string;
  /** Why it cannot be made here, of the container; undefined if it can. */
  obstacle: Obstacle | undefined;
  /** What there is already, of the container. */
  images: readonly ListedImage[];
}

export interface ListedPlatforms {
  /** The container that the rest is about; undefined if there is none yet. */
  container: DiskContainer | undefined;
  platforms: readonly ListedPlatform[];
}

/**
 * Lists all platforms, and what can be and has been made for them: of the container named, or of the newest build, if
 * there is one.
 * @param architecture which image of several; this machine's unless given
 * @throws CosaError what `resolveImage` throws of a reference that is named
 */
export async function listPlatforms(
  session: Session,
  directory: string,
  from: string | undefined,
  architecture: ArchitectureName | undefined,
): Promise<ListedPlatforms> {
  const resolved = await resolveIfBuilt(session, directory, from, architecture);
  const container = resolved === undefined ? undefined : describeContainer(resolved.image);
  const obstacle = await obstacleOf(resolved);
  const images = resolved === undefined || container === undefined ? [] : await imagesOf(resolved, container);
  return {
    container,
    platforms: platforms.map((platform) => ({
      name: platform.name,
      title: platform.title,
      architectures: architecturesOf(platform),
      format: imageForm(platform.image).extension,
      madeFrom: madeFrom(platform),
      obstacle: architectureObstacle(platform, container) ?? obstacle,
      images: images.filter((image) => image.platform === platform.name).map(({ platform: _, ...image }) => image),
    })),
  };
}

async function resolveIfBuilt(
  session: Session,
  directory: string,
  from: string | undefined,
  architecture: ArchitectureName | undefined,
): Promise<ResolvedImage | undefined> {
  try {
    return await resolveImage(session, directory, from, architecture);
  } catch (error) {
    const isNone = error instanceof CosaError && ['NO_BUILD', 'WORK_DIRECTORY_MISSING'].includes(error.code);
    if (from === undefined && isNone) return undefined;
    throw error;
  }
}

function madeFrom({ image, sectorSize }: Platform): string {
  const { holds } = imageForm(image);
  return holds ?? (sectorSize === 512 ? 'base disk' : `base disk, ${sectorSize}`);
}

function architectureObstacle({ consoles }: Platform, container: DiskContainer | undefined): Obstacle | undefined {
  if (container === undefined || consoles[container.architecture] !== undefined) return undefined;
  return { message: `it has no machines of ${container.architecture}`, hint: undefined };
}

/** What keeps this host from making any disk of a container: its filesystems. */
async function obstacleOf(resolved: ResolvedImage | undefined): Promise<Obstacle | undefined> {
  try {
    // What has no container yet may get one that every host can make disks of.
    if (resolved === undefined) return undefined;
    return await filesystemObstacle(await readDiskSettings(resolved.reference.reader, resolved.image));
  } catch (error) {
    if (!(error instanceof CosaError)) throw error;
    return { message: error.message, hint: error.hint };
  }
}

/** The images of a container in the work directory. */
async function imagesOf(
  { work }: ResolvedImage,
  { version, digest }: DiskContainer,
): Promise<(ListedImage & { platform: string })[]> {
  // Of such a container nothing can be made, and its version might lead elsewhere.
  if (!isNamePart(version)) return [];
  const images = await recordedImagesIn(join(work.images, version), digest);
  return images.map(({ path, record }) => ({
    platform: record.platform,
    path,
    format: record.format,
    size: record.files.reduce((sum, { size }) => sum + size, 0),
    customized: record.customized !== undefined,
  }));
}
