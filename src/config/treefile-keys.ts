import type { ArchitectureName } from '../lib/architecture.ts';
import type { FileValues, KeyDefinition, MergedKeyTable, MergedValues } from './key-table.ts';
import { identityKeys } from './treefile/identity-keys.ts';
import { packageKeys, packageList } from './treefile/package-keys.ts';
import { rpmKeys } from './treefile/rpm-keys.ts';
import { structureKeys } from './treefile/structure-keys.ts';
import { systemKeys } from './treefile/system-keys.ts';

/** Keys of the flattened treefile. */
export const treefileKeys = {
  ...identityKeys,
  ...packageKeys,
  ...systemKeys,
  ...rpmKeys,
} as const satisfies MergedKeyTable;

/** Packages for one architecture: `packages-x86_64` and so on, of whatever architecture. */
export const architecturePackages = {
  type: packageList,
  merge: 'set',
  family: 'any',
  description: 'As `packages`, for one architecture: `packages-x86_64`, `packages-aarch64` and so on.',
  example: '[grub-efi-amd64-signed]',
} as const satisfies KeyDefinition;

/** The key of an architecture's own packages. */
export function architectureKey(basearch: ArchitectureName): string {
  return `packages-${basearch}`;
}

/** Keys of rpm-ostree that belong to a running system and to no compose: an error, in JSON too. */
export const clientKeys: readonly string[] = [
  ...['base-refspec', 'container-image-reference', 'packages-local', 'packages-local-fileoverride', 'override-remove'],
  ...['ex-override-replace', 'override-replace-local', 'initramfs', 'custom', 'override-commit', 'unconfigured-state'],
];

/** True for a key with the packages of an architecture, this one or another. */
export function isArchitecturePackages(key: string): boolean {
  return key.startsWith('packages-') && !clientKeys.includes(key);
}

/** Every key that a treefile may have, but {@link architecturePackages}. */
export const treefileFileKeys = { ...structureKeys, ...treefileKeys };

/** The keys of one file. */
export type TreefileValues = FileValues<typeof treefileFileKeys>;

/** The flattened treefile: includes merged, variables substituted, packages of the architecture among the others. */
export type Treefile = MergedValues<typeof treefileKeys>;
