import { z } from 'zod';
import { usageError, verificationError } from '../lib/errors.ts';
import { readTreeFile } from './container-tree.ts';

/** Where containers carry what disk builders need. */
const imageConfigPath = 'usr/share/coreos-assembler/image.json';
const platformsPath = 'usr/share/coreos-assembler/platforms.json';

const maximumConfigBytes = 1 << 20;

/** One line without control characters: a line break would add lines of the container's choice to boot loader files. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const line = z.string().regex(/^[^\u0000-\u001f\u007f]*$/, 'must be one line without control characters');

/** The keys of image.json that disks are made by. Others belong to other steps, or to other programs. */
const imageConfigSchema = z.object({
  bootfs: line.default('ext4'),
  rootfs: line.default('xfs'),
  'rootfs-args': line.default(''),
  composefs: z.boolean().default(false),
  'extra-kargs': z.array(line).default([]),
  /** GiB, of cloud images. */
  size: z.number().int().min(1).max(16384).default(10),
  'container-imgref': line.optional(),
  'ignition-network-kcmdline': z.array(line).default([]),
});

export type ImageConfig = z.output<typeof imageConfigSchema>;

const platformSchema = z.object({
  grub_commands: z.array(line).optional(),
  kernel_arguments: z.array(line).optional(),
});

const platformsSchema = z.record(z.string(), platformSchema);

/** A platform's part of platforms.json; what it leaves out has the platform's own defaults. */
export type PlatformSettings = z.output<typeof platformSchema>;

/**
 * Reads image.json of a checked-out container.
 * @throws CosaError `IMAGE_CONFIG_MISSING` (exit 4), `IMAGE_CONFIG_INVALID` (exit 4) naming the key,
 *   `COMPOSEFS_UNSUPPORTED` (exit 2)
 */
export async function readImageConfig(tree: string): Promise<ImageConfig> {
  const content = await readTreeFile(tree, imageConfigPath, maximumConfigBytes);
  if (content === undefined) {
    throw verificationError('IMAGE_CONFIG_MISSING', `the container has no /${imageConfigPath}`, {
      hint: 'disk images can be made of containers built with an image.yaml',
    });
  }
  const config = parse(imageConfigSchema, content, imageConfigPath);
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
 * Reads a platform's settings from platforms.json of a checked-out container; none if it has no such file.
 * @throws CosaError `IMAGE_CONFIG_INVALID` (exit 4)
 */
export async function readPlatformSettings(tree: string, platform: string): Promise<PlatformSettings> {
  const content = await readTreeFile(tree, platformsPath, maximumConfigBytes);
  if (content === undefined) return {};
  const platforms = new Map(Object.entries(parse(platformsSchema, content, platformsPath)));
  return platforms.get(platform) ?? {};
}

function parse<T>(schema: z.ZodType<T>, content: Buffer, path: string): T {
  let value: unknown;
  try {
    value = JSON.parse(content.toString());
  } catch (error) {
    throw invalid(path, error instanceof Error ? error.message : 'not JSON');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? '' : `"${issue.path.join('.')}": `;
  throw invalid(path, `${where}${issue?.message ?? 'not the expected structure'}`);
}

function invalid(path: string, message: string) {
  return verificationError('IMAGE_CONFIG_INVALID', `/${path} in the container: ${message}`);
}
