import { resolve } from 'node:path';
import { changeIgnition, embeddedIgnition, readIgnitionArea } from '../../disk/iso-image/ignition-area.ts';
import { changeIso, withIso } from '../../disk/iso-image.ts';
import { CosaError, usageError } from '../../lib/errors.ts';

export interface IsoChange {
  /** Where the command runs; relative paths start there. */
  directory: string;
  iso: string;
  /** Where a changed copy goes; the ISO itself changes unless given. */
  output?: string | undefined;
}

/**
 * Gives a live ISO an Ignition config.
 * @param config as `readIgnition` gives it
 * @param options.force replaces a config that is there
 * @returns the path of the ISO that was changed or written
 * @throws CosaError `ISO_IGNITION_EXISTS`, `ISO_AREA_TOO_SMALL` (exit 2), `ISO_AREA_INVALID`, `ISO_AREA_MISSING` (exit 4), what
 *   `changeIso` throws
 */
export async function embedIgnition(config: string, options: IsoChange & { force: boolean }): Promise<string> {
  return changed(options, async (iso) => {
    const area = await readIgnitionArea(iso);
    if (!options.force && embeddedIgnition(iso, area) !== undefined) {
      throw usageError('ISO_IGNITION_EXISTS', `${iso.path} has an Ignition config already`, {
        hint: 'give --force to replace it',
      });
    }
    return [changeIgnition(iso, area, config)];
  });
}

/**
 * The Ignition config that a live ISO has.
 * @throws CosaError `ISO_IGNITION_MISSING` (exit 1), what `readIgnitionArea` and `withIso` throw
 */
export async function shownIgnition(directory: string, file: string): Promise<string> {
  return withIso(resolve(directory, file), async (iso) => {
    const config = embeddedIgnition(iso, await readIgnitionArea(iso));
    if (config === undefined) {
      throw new CosaError('ISO_IGNITION_MISSING', `${iso.path} has no Ignition config`, {
        hint: `embed one: cosa iso ignition embed --ignition-file FILE ${file}`,
      });
    }
    return config.toString();
  });
}

/**
 * Takes the Ignition config out of a live ISO; nothing happens to one that has none.
 * @returns the path of the ISO that was changed or written
 * @throws CosaError as {@link embedIgnition}
 */
export async function removeIgnition(options: IsoChange): Promise<string> {
  return changed(options, async (iso) => [changeIgnition(iso, await readIgnitionArea(iso), undefined)]);
}

async function changed(
  { directory, iso, output }: IsoChange,
  change: Parameters<typeof changeIso>[2],
): Promise<string> {
  const path = resolve(directory, iso);
  const target = output === undefined ? undefined : resolve(directory, output);
  await changeIso(path, target, change);
  return target ?? path;
}
