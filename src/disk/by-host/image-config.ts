import type { z } from 'zod';
import { type DiskConfig, diskConfigSchema } from '../../contract/image-config.ts';
import { containerPaths } from '../../contract/paths.ts';
import { type PlatformSettings, platformsSchema } from '../../contract/platforms.ts';
import { parseDocument } from '../../lib/document.ts';
import { usageError, verificationError } from '../../lib/errors.ts';
import { readTreeFile } from './container-tree.ts';

const maximumConfigBytes = 1 << 20;

/**
 * Reads image.json of a checked-out container.
 * @throws CosaError `IMAGE_CONFIG_MISSING` (exit 4), `IMAGE_CONFIG_INVALID` (exit 4) naming the key,
 *   `COMPOSEFS_UNSUPPORTED` (exit 2)
 */
export async function readImageConfig(tree: string): Promise<DiskConfig> {
  const content = await readTreeFile(tree, containerPaths.imageConfig.slice(1), maximumConfigBytes);
  if (content === undefined) {
    throw verificationError('IMAGE_CONFIG_MISSING', `the container has no ${containerPaths.imageConfig}`, {
      hint: 'disk images can be made of containers built with an image.yaml',
    });
  }
  const config = parse(diskConfigSchema, content, containerPaths.imageConfig);
  if (config.composefs) {
    throw usageError(
      'COMPOSEFS_UNSUPPORTED',
      'image.json: "composefs" is true, and composefs disks cannot be written',
      {
        hint: 'set "composefs: false" in image.yaml and build the container again',
      },
    );
  }
  return config;
}

/**
 * Reads a platform's settings from platforms.json of a checked-out container; `undefined` if it has none for it.
 * @throws CosaError `IMAGE_CONFIG_INVALID` (exit 4)
 */
export async function readPlatformSettings(tree: string, platform: string): Promise<PlatformSettings | undefined> {
  const content = await readTreeFile(tree, containerPaths.platforms.slice(1), maximumConfigBytes);
  if (content === undefined) return undefined;
  const platforms = new Map(Object.entries(parse(platformsSchema, content, containerPaths.platforms)));
  return platforms.get(platform);
}

function parse<T>(schema: z.ZodType<T>, content: Buffer, path: string): T {
  return parseDocument(schema, content.toString(), ({ field, reason, position }) => {
    const place = field === undefined ? '' : `"${field}": `;
    const message = `${path} in the container: ${place}${position === undefined ? reason : `it ${reason}`}`;
    return verificationError('IMAGE_CONFIG_INVALID', message);
  });
}
