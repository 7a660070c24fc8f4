import { join } from 'node:path';
import { releaseKeys as contract, type ReleaseSettings, releaseSettingsSchema } from '../contract/release.ts';
import { validate } from '../lib/document/validate.ts';
import { readYaml } from '../lib/document/yaml.ts';
import type { KeyTable } from './key-table.ts';
import { valueType } from './value-types.ts';

/** Keys of release.yaml. */
export const releaseKeys = {
  platforms: {
    type: valueType('list of platforms', contract.platforms.schema),
    family: 'any',
    description:
      'The platforms whose disk images belong to a release: `cosa release` makes and publishes them. `all` stands for every ' +
      'one; those of image.yaml unless given.',
    example: '[qemu, metal, live-iso, aws]',
  },
  require: {
    type: valueType('list of suites and tests', contract.require.schema),
    family: 'any',
    description:
      'Tests that must have passed for a container before `cosa release` does anything, as `cosa promote --require` has them.',
    example: '[basic, deploy]',
    default: contract.require.default,
  },
} as const satisfies KeyTable;

/**
 * Reads `release.yaml`.
 * @returns undefined without the file
 * @throws CosaError `CONFIG_SYNTAX`, `CONFIG_UNKNOWN_KEY`, `CONFIG_VALUE` (exit 2) with a position
 */
export async function loadReleaseSettings(base: string): Promise<ReleaseSettings | undefined> {
  const file = await readYaml(join(base, 'release.yaml'));
  return file === undefined ? undefined : validate(releaseSettingsSchema.strict(), file);
}
