import { type ArchitectureName, architectureNames } from '../lib/architecture.ts';
import type { FileValues, MergedKeyTable, MergedValues } from './key-table.ts';
import { identityKeys } from './treefile/identity-keys.ts';
import { packageKeys } from './treefile/package-keys.ts';
import { rpmKeys } from './treefile/rpm-keys.ts';
import { structureKeys } from './treefile/structure-keys.ts';
import { systemKeys } from './treefile/system-keys.ts';
import { textList } from './value-types.ts';

/** Keys of the flattened treefile. */
export const treefileKeys = {
  ...identityKeys,
  ...packageKeys,
  ...systemKeys,
  ...rpmKeys,
} as const satisfies MergedKeyTable;

/** Packages for one architecture: `packages-x86_64` and so on. */
export const architecturePackages = {
  type: textList,
  merge: 'unique',
  family: 'any',
  description: 'As `packages`, for one architecture: `packages-x86_64`, `packages-aarch64` and so on.',
  example: '[grub-efi-amd64-signed]',
} as const;

type ArchitecturePackages = { [Key in `packages-${ArchitectureName}`]: typeof architecturePackages };

/** Every key that a treefile may have. */
export const treefileFileKeys = {
  ...structureKeys,
  ...treefileKeys,
  ...(Object.fromEntries(
    architectureNames.map((name) => [`packages-${name}`, architecturePackages]),
  ) as ArchitecturePackages),
};

/** The keys of one file. */
export type TreefileValues = FileValues<typeof treefileFileKeys>;

/** The flattened treefile: includes merged, variables substituted, packages of the architecture among the others. */
export type Treefile = MergedValues<typeof treefileKeys>;
