import { posix } from 'node:path';
import {
  type BootLoaderLayout,
  bootLoaderLayout,
  bootupdPlaces,
  isWholeEfi,
} from '../../contract/boot-loader-places.ts';
import { isVendorDirectory } from '../../contract/grub-program.ts';
import { type ArchitectureName, architectureNamed } from '../../lib/architecture.ts';
import { compareNaturally } from '../../lib/natural-order.ts';
import type { CommitDirectory } from '../../ostree/unpack/directories.ts';

/** The boot loaders for UEFI in the places where a distribution's packages leave them. */
export interface DistributionLoaders {
  /** Files of the EFI system partition, by their paths there. */
  esp: readonly { path: string; source: string; checksum: string }[];
  /** Content checksum of GRUB. */
  grub: string;
  /** Whose directory GRUB reads its configuration from; undefined if that does not show in its place. */
  vendor: string | undefined;
}

/**
 * Looks where packages put shim and GRUB.
 * @returns undefined if one of the two is nowhere
 */
export function distributionLoaders(
  root: CommitDirectory,
  architecture: ArchitectureName,
): DistributionLoaders | undefined {
  const layout = bootLoaderLayout(architectureNamed(architecture));
  if (layout === undefined) return undefined;
  const esp: DistributionLoaders['esp'][number][] = [];
  let grub: Found | undefined;
  for (const file of layout.efi) {
    const found = firstFound(root, file);
    if (found === undefined && file.required) return undefined;
    if (found === undefined) continue;
    esp.push({ path: `EFI/BOOT/${file.to}`, source: found.source, checksum: found.checksum });
    if (file.to.startsWith('grub')) grub = found;
  }
  if (grub === undefined) return undefined;
  return { esp: bootupdFiles(root, layout) ?? esp, grub: grub.checksum, vendor: grub.vendor };
}

/** All files of EFI as bootupd arranges them, where it is to update them in the booted system. */
function bootupdFiles(root: CommitDirectory, layout: BootLoaderLayout): DistributionLoaders['esp'] | undefined {
  if (directoryAt(root, bootupdPlaces.metadata)?.files.has('EFI.json') !== true) return undefined;
  for (const pattern of bootupdPlaces.trees) {
    const files = new Map<string, DistributionLoaders['esp'][number]>();
    // The newest last: of two versions, it stays.
    for (const { source, directory } of matches(root, pattern).reverse()) {
      for (const [name, checksum] of filesBelow(directory)) {
        files.set(name, { path: `EFI/${name}`, source: `${source}/${name}`, checksum });
      }
    }
    if (isWholeEfi(files.keys(), layout)) return [...files.values()];
  }
  return undefined;
}

function filesBelow({ files, directories }: CommitDirectory, prefix = ''): [path: string, checksum: string][] {
  const below = [...directories].flatMap(([name, directory]) => filesBelow(directory, `${prefix}${name}/`));
  return [...[...files].map(([name, checksum]): [string, string] => [`${prefix}${name}`, checksum]), ...below];
}

interface Found {
  source: string;
  checksum: string;
  vendor: string | undefined;
}

function firstFound(root: CommitDirectory, { from }: BootLoaderLayout['efi'][number]): Found | undefined {
  for (const path of from) {
    const name = posix.basename(path);
    for (const { source, directory, vendor } of matches(root, posix.dirname(path))) {
      const checksum = directory.files.get(name);
      if (checksum !== undefined) return { source: `${source}/${name}`, checksum, vendor };
    }
  }
  return undefined;
}

interface FoundDirectory {
  source: string;
  directory: CommitDirectory;
  vendor: string | undefined;
}

/** The directories that a pattern stands for, the newest version first. */
function matches(root: CommitDirectory, pattern: string): FoundDirectory[] {
  let found: FoundDirectory[] = [{ source: '', directory: root, vendor: undefined }];
  for (const part of pattern.split('/').slice(1)) {
    found = found.flatMap(({ source, directory, vendor }) =>
      namesFor(directory, part).flatMap((name) => {
        const below = directory.directories.get(name);
        const next = { source: `${source}/${name}`, vendor: part === '{vendor}' ? name : vendor };
        return below === undefined ? [] : [{ ...next, directory: below }];
      }),
    );
  }
  return found;
}

function namesFor({ directories }: CommitDirectory, part: string): string[] {
  if (part !== '*' && part !== '{vendor}') return [part];
  const names = [...directories.keys()].sort(compareNaturally).reverse();
  return part === '*' ? names : names.filter(isVendorDirectory);
}

function directoryAt(root: CommitDirectory, path: string): CommitDirectory | undefined {
  return matches(root, path)[0]?.directory;
}
