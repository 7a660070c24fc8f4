import { resolve } from 'node:path';
import { emptyIgnition, readIgnitionArea } from '../../disk/iso-image/ignition-area.ts';
import {
  argumentsToChange,
  changeArguments,
  currentArguments,
  readKernelArgumentAreas,
} from '../../disk/iso-image/kernel-argument-areas.ts';
import { changeIso, withIso } from '../../disk/iso-image.ts';
import { type KernelArgumentChanges, kernelArgumentEdit } from '../../disk/kernel-argument-changes.ts';
import type { IsoChange } from './iso-ignition.ts';

/** An ISO with its kernel's arguments. */
export interface IsoArguments {
  iso: string;
  arguments: string;
}

/**
 * The kernel's arguments of a live ISO.
 * @param isDefault those that it was built with
 * @throws CosaError `ISO_AREA_INVALID`, `ISO_AREA_MISSING` (exit 4), what `withIso` throws
 */
export async function shownArguments(directory: string, file: string, isDefault: boolean): Promise<IsoArguments> {
  return withIso(resolve(directory, file), async (iso) => {
    const areas = await readKernelArgumentAreas(iso);
    return { iso: iso.path, arguments: isDefault ? areas.default : currentArguments(iso, areas) };
  });
}

/**
 * Changes the kernel's arguments of a live ISO, for all of its boot loaders. In place: killed, it can be run again, and
 * gives the same.
 * @throws CosaError `KERNEL_ARGUMENT_INVALID`, `KERNEL_ARGUMENT_MISSING`, `ISO_AREA_TOO_SMALL` (exit 2), `ISO_AREA_INVALID`,
 *   `ISO_AREA_MISSING` (exit 4), what `changeIso` throws
 */
export async function modifyArguments(
  { directory, iso: file, output }: IsoChange,
  changes: KernelArgumentChanges,
): Promise<IsoArguments> {
  const edit = kernelArgumentEdit(changes);
  let line = '';
  const { path, target } = places({ directory, iso: file, output });
  await changeIso(path, target, async (iso) => {
    const areas = await readKernelArgumentAreas(iso);
    line = edit.apply(argumentsToChange(iso, areas));
    edit.finish();
    return changeArguments(iso, areas, line);
  });
  return { iso: target ?? path, arguments: line };
}

/**
 * Makes the kernel's arguments of a live ISO those that it was built with.
 * @param options.ignition takes what is embedded out of it, too
 * @throws CosaError `ISO_AREA_INVALID`, `ISO_AREA_MISSING` (exit 4), what `changeIso` throws
 */
export async function resetIso(options: IsoChange & { ignition: boolean }): Promise<IsoArguments> {
  let line = '';
  const { path, target } = places(options);
  await changeIso(path, target, async (iso) => {
    const areas = await readKernelArgumentAreas(iso);
    line = areas.default;
    const patches = changeArguments(iso, areas, line);
    return options.ignition ? [...patches, emptyIgnition(await readIgnitionArea(iso))] : patches;
  });
  return { iso: target ?? path, arguments: line };
}

function places({ directory, iso, output }: IsoChange): { path: string; target: string | undefined } {
  return {
    path: resolve(directory, iso),
    target: output === undefined ? undefined : resolve(directory, output),
  };
}
