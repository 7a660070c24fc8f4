import type { Component } from '../lib/component.ts';
import { compareBytes, sortByBytes } from '../lib/order.ts';
import { statInRoot } from '../lib/root-files.ts';
import type { Reporter } from '../progress/reporter.ts';
import type { RootContext, RootStep } from './context.ts';
import { finalPath, readAliases } from './final-path.ts';
import type { AssembledRoot, RootfsRequest, RootLayout } from './request.ts';
import { accountNumbers, etcGroupMembers } from './steps/accounts.ts';
import { addFiles } from './steps/add-files.ts';
import { bootLoader } from './steps/boot-loader.ts';
import { clean } from './steps/clean.ts';
import { defaultTarget } from './steps/default-target.ts';
import { embedFiles } from './steps/embed-files.ts';
import { finalize } from './steps/finalize.ts';
import { forgetHost } from './steps/forget-host.ts';
import { forgetSecrets } from './steps/forget-secrets.ts';
import { indexes } from './steps/indexes.ts';
import { initramfs } from './steps/initramfs.ts';
import { kernel } from './steps/kernel.ts';
import { machineId } from './steps/machine-id.ts';
import { mountUnits } from './steps/mount-units.ts';
import { osRelease } from './steps/os-release.ts';
import { ostreeBoot } from './steps/ostree-boot.ts';
import { overlays } from './steps/overlays.ts';
import { postprocess } from './steps/postprocess.ts';
import { readonlyExecutables } from './steps/readonly-executables.ts';
import { removeFiles, removeFromPackages } from './steps/remove-files.ts';
import { selinuxPolicy } from './steps/selinux-policy.ts';
import { stateOverlays } from './steps/state-overlays.ts';
import { systemAccounts } from './steps/system-accounts.ts';
import { topLevel } from './steps/top-level.ts';
import { units } from './steps/units.ts';
import { usrEtc } from './steps/usr-etc.ts';
import { varToTmpfiles } from './steps/var.ts';

/** In this order. What a step needs from an earlier one is said where it stands. */
const steps: readonly RootStep[] = [
  forgetHost,
  forgetSecrets,
  // As rpm-ostree does it while it unpacks: what an overlay has of the same name comes later, and stays.
  removeFromPackages,
  readonlyExecutables,
  // The configuration's word, over the packages'.
  overlays,
  accountNumbers,
  etcGroupMembers,
  units,
  defaultTarget,
  stateOverlays,
  osRelease,
  removeFiles,
  addFiles,
  embedFiles,
  mountUnits,
  ostreeBoot,
  // With the last word on all of that.
  postprocess,
  // Scripts install modules where packages have them.
  selinuxPolicy,
  // After everything that may make an account.
  systemAccounts,
  // From here on nobody but us changes the tree.
  clean,
  machineId,
  kernel,
  indexes,
  initramfs,
  bootLoader,
  // These leave a tree that programs cannot run in.
  topLevel,
  varToTmpfiles,
  usrEtc,
  // With the very last word, as in rpm-ostree: on the tree as it is committed.
  finalize,
];

/**
 * Turns an installed root into an ostree root, in place: the tree is of no other use afterwards, and of none
 * at all if this throws. Needs root of a user namespace, and no network.
 * @param root absolute path of a private copy of an installed system, its package database finalized
 * @throws CosaError `OVERLAY_CONFLICT`, `OVERLAY_LINK_ESCAPES`, `ACCOUNT_REMOVED`, `ACCOUNT_NUMBER_SHARED`,
 *   `ACCOUNT_NUMBERS_EXHAUSTED`, `POSTPROCESS_FAILED` with the script's last lines, `KERNEL_MISSING`, `KERNEL_AMBIGUOUS`,
 *   `DRACUT_MISSING`, `DRACUT_FAILED`, `ROOT_PROGRAM_FAILED`, `BOOT_LOADER_FAILED`, `STATE_CONFLICT`, `USR_ETC_EXISTS`,
 *   `OS_RELEASE_MISSING`, `ETC_MISSING`, `FILE_NOT_STORABLE`, `NAME_NOT_UTF8`, `ROOT_FILE_MISSING`, `ROOT_FILE_KIND`,
 *   `ROOT_LINK_LOOP`; with exit status 2 `STATE_LINK`, `UNITS_NOT_ENABLED`, `DEFAULT_TARGET_UNKNOWN`,
 *   `MOUNT_UNIT_EXISTS`, `REMOVE_PATTERN`, `REMOVE_ROOT`, `ETC_GROUP_UNKNOWN`,
 *   `POSTPROCESS_LINE_ENDS`
 */
export async function assembleRoot(root: string, request: RootfsRequest, reporter: Reporter): Promise<AssembledRoot> {
  const context: RootContext = { root, request, reporter, generated: new Map(), kernelRelease: '' };
  for (const step of steps) {
    reporter.signal.throwIfAborted();
    const begin = performance.now();
    await step.run(context);
    reporter.log(`${step.title}: ${((performance.now() - begin) / 1000).toFixed(2)} s`);
  }
  const { kernelRelease } = context;
  const layout = { kernelRelease, aliases: await readAliases(root) };
  return { kernelRelease, layout, components: await generatedComponents(root, layout, context.generated) };
}

/** What was generated and is still there, by component, as the ostree root spells it. */
async function generatedComponents(
  root: string,
  layout: RootLayout,
  generated: ReadonlyMap<string, string>,
): Promise<Component[]> {
  const paths = new Map<string, string[]>();
  for (const [path, component] of generated) {
    const final = finalPath(layout, path);
    if (final === undefined || (await statInRoot(root, final)) === undefined) continue;
    paths.set(component, [...(paths.get(component) ?? []), final]);
  }
  return [...paths]
    .map(([name, list]) => ({ name, packages: [], changed: 0, paths: sortByBytes(list) }))
    .sort((a, b) => compareBytes(a.name, b.name));
}
