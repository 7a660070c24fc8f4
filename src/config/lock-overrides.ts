import { join } from 'node:path';
import { z } from 'zod';
import type { ArchitectureName } from '../lib/architecture.ts';
import { validate } from '../lib/document/validate.ts';
import { readYaml } from '../lib/document/yaml.ts';
import type { SourcePosition } from '../lib/errors.ts';
import { attempt, endAtFirst, type Mistakes } from './mistakes.ts';

const override = z
  .strictObject({
    /** Version without architecture, as the family writes it. */
    evr: z.string().min(1).optional(),
    /** Version with `.ARCH` behind it. */
    evra: z
      .string()
      .regex(/^\S+\.[A-Za-z0-9_-]+$/, { error: 'must be VERSION.ARCHITECTURE' })
      .optional(),
    digest: z.string().nullish(),
    /** For people and for what maintains the file: nothing here reads it. */
    metadata: z.record(z.string(), z.unknown()).nullish(),
  })
  .refine(({ evr, evra }) => (evr === undefined) !== (evra === undefined), {
    error: 'must have one of evr and evra',
  });

/** A file of overrides. */
export const lockOverridesSchema = z.strictObject({ packages: z.record(z.string(), override) });

/** A package that must have another version than the lockfile or the resolution would give it. */
export type LockOverride = z.output<typeof override>;

/**
 * The files in which overrides may stand, the weakest first.
 */
function overrideFiles(basearch: ArchitectureName): string[] {
  const names = ['manifest-lock.overrides', `manifest-lock.overrides.${basearch}`];
  return names.flatMap((name) => [`${name}.json`, `${name}.yaml`]);
}

/** An override, and the file that has it. */
export interface PlacedOverride {
  override: LockOverride;
  where: SourcePosition;
}

/**
 * Reads `manifest-lock.overrides.yaml` and `manifest-lock.overrides.ARCH.yaml`, or `.json`, where they are; the later
 * wins, and of a name that stands twice in a file the later entry.
 * @param base the config directory, absolute
 * @throws CosaError what `mistakes` throws: `CONFIG_SYNTAX`, `CONFIG_UNKNOWN_KEY`, `CONFIG_VALUE` (exit 2) with a position
 */
export async function readLockOverrides(
  base: string,
  basearch: ArchitectureName,
  mistakes: Mistakes = endAtFirst,
): Promise<ReadonlyMap<string, PlacedOverride>> {
  const merged = new Map<string, PlacedOverride>();
  for (const name of overrideFiles(basearch)) {
    const own = await attempt(mistakes, async () => {
      const file = await readYaml(join(base, name), { lastOfTwiceCounts: true });
      if (file === undefined) return [];
      return Object.entries(validate(lockOverridesSchema, file).packages).map(
        ([key, entry]): [string, PlacedOverride] => [
          key,
          { override: entry, where: file.keyPosition(['packages', key]) },
        ],
      );
    });
    for (const [key, entry] of own ?? []) merged.set(key, entry);
  }
  return merged;
}

/** The overrides of {@link readLockOverrides} alone. */
export async function loadLockOverrides(
  base: string,
  basearch: ArchitectureName,
): Promise<Readonly<Record<string, LockOverride>>> {
  const placed = await readLockOverrides(base, basearch);
  return Object.fromEntries([...placed].map(([name, { override }]) => [name, override]));
}
