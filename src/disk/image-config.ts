import type { z } from 'zod';
import { type DiskLayout, defaultDiskLayout, diskLayoutSchema } from '../contract/disk-layout.ts';
import { type DiskConfig, diskConfigSchema } from '../contract/image-config.ts';
import { containerPaths } from '../contract/paths.ts';
import { type PlatformSettings, platformsSchema } from '../contract/platforms.ts';
import { faultText, parseDocument } from '../lib/document.ts';
import { usageError, verificationError } from '../lib/errors.ts';
import type { Image } from '../oci/image.ts';
import type { ContentReader } from '../oci/store.ts';
import type { ImageTree } from '../ostree/unpack/image-tree.ts';
import { readFiles } from '../ostree/unpack/read-files.ts';

/** What a container says of the disks that are made of it. */
export interface DiskSettings {
  /** image.json. */
  config: DiskConfig;
  /** disk.json; what every disk has if the container has none. */
  layout: DiskLayout;
  /** platforms.json; empty if the container has none. */
  platforms: ReadonlyMap<string, PlatformSettings>;
}

/**
 * Reads what a container says of its disks, and no more of it than that needs.
 * @param tree the container's, if it was read already
 * @throws CosaError `IMAGE_CONFIG_MISSING`, `IMAGE_CONFIG_INVALID` (exit 4) naming the key, `COMPOSEFS_UNSUPPORTED` (exit 2), what
 *   `readFiles` throws; the signal's reason
 */
export async function readDiskSettings(
  reader: ContentReader,
  image: Image,
  tree?: ImageTree,
  signal?: AbortSignal,
): Promise<DiskSettings> {
  const { imageConfig, diskLayout, platforms } = containerPaths;
  const files = await readFiles(reader, image, [imageConfig, diskLayout, platforms], tree, signal);
  return {
    config: parseDiskConfig(files.get(imageConfig)),
    layout: parseDiskLayout(files.get(diskLayout)),
    platforms: parsePlatforms(files.get(platforms)),
  };
}

/** @param content of image.json; `undefined` if the container has none */
export function parseDiskConfig(content: Buffer | undefined): DiskConfig {
  if (content === undefined) {
    throw verificationError('IMAGE_CONFIG_MISSING', `the container has no ${containerPaths.imageConfig}`, {
      hint: 'disk images can be made of containers built with an image.yaml',
    });
  }
  const config = parse(diskConfigSchema, content, containerPaths.imageConfig);
  if (config.composefs) {
    const message = 'image.json: "composefs" is true, and composefs disks cannot be written';
    throw usageError('COMPOSEFS_UNSUPPORTED', message, {
      hint: 'set "composefs: false" in image.yaml and build the container again',
    });
  }
  return config;
}

/** @param content of disk.json; `undefined` if the container has none */
export function parseDiskLayout(content: Buffer | undefined): DiskLayout {
  return content === undefined ? defaultDiskLayout : parse(diskLayoutSchema, content, containerPaths.diskLayout);
}

/** @param content of platforms.json; `undefined` if the container has none */
export function parsePlatforms(content: Buffer | undefined): ReadonlyMap<string, PlatformSettings> {
  if (content === undefined) return new Map();
  return new Map(Object.entries(parse(platformsSchema, content, containerPaths.platforms)));
}

function parse<T>(schema: z.ZodType<T>, content: Buffer, path: string): T {
  return parseDocument(schema, content.toString(), (fault) => {
    const what = fault.field === undefined ? faultText(fault, 'it ') : `"${fault.field}": ${fault.reason}`;
    return verificationError('IMAGE_CONFIG_INVALID', `${path} in the container: ${what}`);
  });
}
