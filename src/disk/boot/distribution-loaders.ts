import { type BootLoaderLayout, bootLoaderLayout } from '../../contract/boot-loader-places.ts';
import { type ArchitectureName, architectureNamed } from '../../lib/architecture.ts';
import { sortByBytes } from '../../lib/order.ts';
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
  return grub === undefined ? undefined : { esp, grub: grub.checksum, vendor: grub.vendor };
}

interface Found {
  source: string;
  checksum: string;
  vendor: string | undefined;
}

function firstFound(root: CommitDirectory, { from }: BootLoaderLayout['efi'][number]): Found | undefined {
  for (const pattern of from) {
    const found = match(root, pattern.split('/').slice(1), { source: '', vendor: undefined });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Of several names that a part of a pattern stands for, the last in the order of bytes: the newest version, as a rule. */
function match(
  directory: CommitDirectory,
  [part, ...rest]: readonly string[],
  { source, vendor }: Omit<Found, 'checksum'>,
): Found | undefined {
  if (part === undefined) return undefined;
  if (rest.length === 0) {
    const checksum = directory.files.get(part);
    return checksum === undefined ? undefined : { source: `${source}/${part}`, checksum, vendor };
  }
  const isVendor = part === '{vendor}';
  const names = isVendor || part === '*' ? sortByBytes(directory.directories.keys()).toReversed() : [part];
  for (const name of names) {
    const below = directory.directories.get(name);
    // The directory of what firmware starts has shim, too, and is nobody's.
    if (below === undefined || (isVendor && (name === 'BOOT' || !vendorPattern.test(name)))) continue;
    const found = match(below, rest, { source: `${source}/${name}`, vendor: isVendor ? name : vendor });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** It becomes a directory of the EFI system partition. */
const vendorPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/;
