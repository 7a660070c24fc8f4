import { posix } from 'node:path';
import type { z } from 'zod';
import { type DiskLayout, defaultDiskLayout, diskLayoutSchema } from '../contract/disk-layout.ts';
import { type DiskConfig, diskConfigSchema } from '../contract/image-config.ts';
import { labelNames } from '../contract/labels.ts';
import { containerPaths } from '../contract/paths.ts';
import { type PlatformSettings, platformsSchema } from '../contract/platforms.ts';
import { sha256Hex } from '../lib/digest.ts';
import { faultText, parseDocument } from '../lib/document.ts';
import { usageError, verificationError } from '../lib/errors.ts';
import { type Image, labelOf } from '../oci/image.ts';
import type { ContentReader } from '../oci/store.ts';
import { partsOfImage } from '../ostree/unpack/base-layers.ts';
import { findFile } from '../ostree/unpack/commit-tree.ts';
import type { ImageTree } from '../ostree/unpack/image-tree.ts';
import { readFiles, readImageDirectories } from '../ostree/unpack/read-files.ts';

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
 * @throws CosaError `IMAGE_CONFIG_INVALID` (exit 4) naming the key, `COMPOSEFS_UNSUPPORTED` (exit 2), what
 *   `readFiles` throws; the signal's reason
 */
export async function readDiskSettings(
  reader: ContentReader,
  image: Image,
  tree?: ImageTree,
  signal?: AbortSignal,
): Promise<DiskSettings> {
  const { imageConfig, diskLayout, platforms } = containerPaths;
  const paths = [imageConfig, diskLayout, platforms];
  const known = tree ?? (await readImageDirectories(reader, image, paths.map(posix.dirname), signal));
  const files = await readFiles(reader, image, paths, known, signal);
  for (const path of paths) {
    // Its defaults would be others than who has put it there expects.
    if (files.has(path) || (await findFile(known, known.commit, path)) === undefined) continue;
    throw verificationError('IMAGE_CONFIG_INVALID', `${path} in the container: it is a symbolic link`);
  }
  return {
    config: withOwnReference(parseDiskConfig(files.get(imageConfig)), files.get(imageConfig), image),
    layout: parseDiskLayout(files.get(diskLayout)),
    platforms: parsePlatforms(files.get(platforms)),
  };
}

/**
 * The reference in image.json is that of the container which it was written for. Who derives another has the file in it
 * unchanged, as a rule, and machines of it would replace it with its base.
 */
function withOwnReference(config: DiskConfig, content: Buffer | undefined, image: Image): DiskConfig {
  const isInherited =
    partsOfImage(image).ordinary.length > 0 &&
    content !== undefined &&
    labelOf(image, labelNames.imageConfigChecksum) === sha256Hex(content);
  return isInherited ? { ...config, 'container-imgref': undefined } : config;
}

/** @param content of image.json; `undefined` if the container has none: then every key has its default */
export function parseDiskConfig(content: Buffer | undefined): DiskConfig {
  if (content === undefined) return diskConfigSchema.parse({});
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
