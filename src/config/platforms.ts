import { join } from 'node:path';
import { z } from 'zod';
import { platformKeys as contract, type PlatformSettings, platformSettingsSchema } from '../contract/platforms.ts';
import type { ArchitectureName } from '../lib/architecture.ts';
import { validate } from '../lib/document/validate.ts';
import { readYaml, type YamlFile } from '../lib/document/yaml.ts';
import { asPyYaml } from '../lib/document/yaml-1.1.ts';
import type { KeyTable } from './key-table.ts';
import { valueType } from './value-types.ts';

/** Keys of one platform in platforms.yaml. */
export const platformKeys = {
  grub_commands: {
    type: valueType('list of strings', contract.grub_commands.schema),
    family: 'any',
    description: 'Lines of grub.cfg that set up consoles.',
    example: '[serial --speed=115200, terminal_output serial console]',
    default: contract.grub_commands.default,
  },
  kernel_arguments: {
    type: valueType('list of strings', contract.kernel_arguments.schema),
    family: 'any',
    description: 'Kernel arguments of this platform, besides `ignition.platform.id`.',
    example: '[console=tty0, "console=ttyS0,115200n8"]',
    default: contract.kernel_arguments.default,
  },
} as const satisfies KeyTable;

// Of a config, a misspelt key is an error.
const schema = z.record(z.string(), z.record(z.string(), platformSettingsSchema.strict()));

/**
 * Reads the architecture's part of `platforms.yaml`: platforms by name; none without the file.
 * @throws CosaError `CONFIG_SYNTAX`, `CONFIG_UNKNOWN_KEY`, `CONFIG_VALUE` (exit 2) with a position
 */
export async function loadPlatforms(
  base: string,
  basearch: ArchitectureName,
): Promise<Readonly<Record<string, PlatformSettings>>> {
  return (await readPlatforms(base, basearch)).platforms;
}

/** As {@link loadPlatforms}, with the file. */
export async function readPlatforms(
  base: string,
  basearch: ArchitectureName,
): Promise<{ platforms: Readonly<Record<string, PlatformSettings>>; file: YamlFile | undefined }> {
  const file = await readYaml(join(base, 'platforms.yaml'), asPyYaml);
  if (file === undefined) return { platforms: {}, file };
  const platforms: Readonly<Record<string, Record<string, PlatformSettings>>> = validate(schema, file);
  return { platforms: platforms[basearch] ?? {}, file };
}
