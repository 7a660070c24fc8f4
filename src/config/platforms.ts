import { join } from 'node:path';
import { z } from 'zod';
import { baseArchitectures } from './architectures.ts';
import type { KeyTable, MergedValues } from './key-table.ts';
import { validate } from './validate.ts';
import { textList } from './value-types.ts';
import { readYaml } from './yaml.ts';

/** Keys of one platform in platforms.yaml. */
export const platformKeys = {
  grub_commands: {
    type: textList,
    family: 'any',
    description: 'Lines of grub.cfg that set up consoles.',
    example: '[serial --speed=115200, terminal_output serial console]',
    default: [],
  },
  kernel_arguments: {
    type: textList,
    family: 'any',
    description: 'Kernel arguments of this platform, besides `ignition.platform.id`.',
    example: '[console=tty0, "console=ttyS0,115200n8"]',
    default: [],
  },
} as const satisfies KeyTable;

/** One platform's part of platforms.json. */
export type PlatformSpecification = MergedValues<typeof platformKeys>;

const platform = z.strictObject({
  grub_commands: platformKeys.grub_commands.type.schema.default([]),
  kernel_arguments: platformKeys.kernel_arguments.type.schema.default([]),
});
const schema = z.partialRecord(z.enum(baseArchitectures), z.record(z.string(), platform));

/**
 * Reads the architecture's part of `platforms.yaml`: platforms by name; none without the file.
 * @throws CosaError `CONFIG_SYNTAX`, `CONFIG_UNKNOWN_KEY`, `CONFIG_VALUE` (exit 2) with a position
 */
export async function loadPlatforms(
  base: string,
  basearch: string,
): Promise<Readonly<Record<string, PlatformSpecification>>> {
  const file = await readYaml(join(base, 'platforms.yaml'));
  if (file === undefined) return {};
  const platforms: Readonly<Record<string, Record<string, PlatformSpecification>>> = validate(schema, file);
  return platforms[basearch] ?? {};
}
