import { join } from 'node:path';
import { z } from 'zod';
import type { ArchitectureName } from '../lib/architecture.ts';
import { validate } from '../lib/document/validate.ts';
import { readYaml } from '../lib/document/yaml.ts';

const override = z.strictObject({
  /** Version without architecture, as the family writes it. */
  evr: z.string().min(1).optional(),
  /** Version with `.ARCH` behind it. */
  evra: z.string().min(1).optional(),
  /** For people and for what maintains the file: nothing here reads it. */
  metadata: z
    .looseObject({
      type: z.enum(['pin', 'fast-track']).optional(),
      reason: z.string().optional(),
    })
    .optional(),
});

const schema = z.strictObject({ packages: z.record(z.string(), override).optional() });

/** A package that must have another version than the lockfile or the resolution would give it. */
export type LockOverride = z.output<typeof override>;

/**
 * Reads `manifest-lock.overrides.yaml` and `manifest-lock.overrides.ARCH.yaml`, where they are; the later wins.
 * @throws CosaError `CONFIG_SYNTAX`, `CONFIG_UNKNOWN_KEY`, `CONFIG_VALUE` (exit 2) with a position
 */
export async function loadLockOverrides(
  base: string,
  basearch: ArchitectureName,
): Promise<Readonly<Record<string, LockOverride>>> {
  const merged: Record<string, LockOverride> = {};
  for (const name of ['manifest-lock.overrides.yaml', `manifest-lock.overrides.${basearch}.yaml`]) {
    const file = await readYaml(join(base, name));
    if (file !== undefined) Object.assign(merged, validate(schema, file).packages);
  }
  return merged;
}
