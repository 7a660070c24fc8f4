import { containerPaths } from '../../contract/paths.ts';
import { policyDirectory, policyPaths } from '../../contract/selinux.ts';
import { labelAttribute } from '../../ostree/labels.ts';
import { biosPaths, type LoaderFiles } from '../boot/loaders.ts';
import { findDirectory, findFileChecksum } from '../deployment/container-path.ts';
import type { KernelFile } from '../deployment/kernel.ts';
import type { DeploymentPlan } from '../deployment/plan.ts';
import { ignitionPath } from '../ignition.ts';
import { findOwnGrubConfig } from '../live/own-grub-config.ts';

/** What is done with a content besides that it is stored as an object. */
export type ContentRole =
  /** A copy goes to the boot filesystem. */
  | { kind: 'kernel'; file: KernelFile /** Its place among what is hashed. */; hashed: number | undefined }
  /** A copy goes to the EFI system partition. */
  | { kind: 'esp'; path: string; source: string }
  /** It is kept in memory. */
  | { kind: 'kept'; source: KeptPath }
  /** It is the menu of live media. */
  | { kind: 'menu' }
  /** It says what Ignition knows. */
  | { kind: 'ignition' }
  /** It is a file of the SELinux policy, and kept in memory. */
  | { kind: 'policy'; path: string }
  /** It says what GRUB reads. */
  | { kind: 'grub' };

/** Small files that a base disk is made by. */
export type KeptPath = (typeof keptPaths)[number];

/** Where ostree looks for the name of the operating system: the first that is a file counts. */
export const osReleasePaths = ['/usr/lib/os-release', '/usr/etc/os-release'] as const;

export function isOsRelease(path: KeptPath): boolean {
  return osReleasePaths.some((candidate) => candidate === path);
}

const keptPaths = [
  ...[...osReleasePaths, biosPaths.boot, biosPaths.core, biosPaths.eltorito, biosPaths.hybrid],
  ...[containerPaths.bootLoaderRecord, containerPaths.bootupdState],
] as const;

/** The roles of contents by checksum, for those that have any. */
export function contentRoles(plan: DeploymentPlan, loaders: LoaderFiles): ReadonlyMap<string, readonly ContentRole[]> {
  const roles = new Map<string, ContentRole[]>();
  function add(checksum: string | undefined, role: ContentRole): void {
    if (checksum === undefined) return;
    const known = roles.get(checksum);
    if (known === undefined) roles.set(checksum, [role]);
    else known.push(role);
  }
  const { root } = plan.commit;
  for (const [hashed, file] of plan.kernel.hashed.entries()) add(file.checksum, { kind: 'kernel', file, hashed });
  for (const file of plan.kernel.others) add(file.checksum, { kind: 'kernel', file, hashed: undefined });
  for (const { path, source, checksum } of loaders.esp) add(checksum, { kind: 'esp', path, source });
  for (const source of osReleasePaths) add(findFileChecksum(root, source), { kind: 'kept', source });
  add(loaders.bios?.boot, { kind: 'kept', source: biosPaths.boot });
  add(loaders.bios?.core, { kind: 'kept', source: biosPaths.core });
  add(loaders.media?.eltorito, { kind: 'kept', source: biosPaths.eltorito });
  add(loaders.media?.hybrid, { kind: 'kept', source: biosPaths.hybrid });
  add(loaders.record, { kind: 'kept', source: containerPaths.bootLoaderRecord });
  add(loaders.bootupdState, { kind: 'kept', source: containerPaths.bootupdState });
  add(findOwnGrubConfig(root), { kind: 'menu' });
  add(findFileChecksum(root, `/${ignitionPath}`), { kind: 'ignition' });
  add(loaders.distribution?.grub, { kind: 'grub' });
  for (const path of ownPolicyPaths(plan)) add(findFileChecksum(root, path), { kind: 'policy', path });
  return roles;
}

/** The files that may label the system. */
function ownPolicyPaths({ commit: { root } }: DeploymentPlan): string[] {
  // What is not labelled has no labels on disks either.
  if (!root.xattrs.some(({ name }) => name === labelAttribute)) return [];
  return policyPaths(findDirectory(root, policyDirectory)?.directories.keys() ?? []);
}
