import type { BootLoaderLayout } from '../../contract/boot-loader-places.ts';
import { grubFinder } from '../../contract/grub-program.ts';
import { readBytesInRoot, readTextInRootIfExists } from '../../lib/root-files.ts';
import { firstPresent } from './find.ts';

/** Shim and GRUB, where the packages have them. */
export interface EfiLoaders {
  /** Files of EFI/BOOT, by name. */
  files: readonly { to: string; source: string }[];
  /** The directory below EFI where GRUB looks for its configuration. */
  vendor: string;
  /** Whether GRUB reads entries of the Boot Loader Specification itself. */
  readsEntries: boolean;
}

/** Finds what starts a system with UEFI; `undefined` if a part of it is missing. */
export async function findEfiLoaders(root: string, places: BootLoaderLayout['efi']): Promise<EfiLoaders | undefined> {
  const files: { to: string; source: string }[] = [];
  let grub: { path: string; vendor: string | undefined } | undefined;
  for (const { to, from, required } of places) {
    const found = await firstPresent(root, from);
    if (found === undefined && required) return undefined;
    if (found === undefined) continue;
    files.push({ to, source: found.path });
    if (to.startsWith('grub')) grub = found;
  }
  if (grub === undefined) return undefined;
  const finder = grubFinder();
  finder.write(await readBytesInRoot(root, grub.path));
  const vendor = finder.vendor() ?? grub.vendor ?? (await distributionId(root));
  return { files, vendor, readsEntries: finder.readsEntries() };
}

/** os-release's ID: `debian`, `fedora`. */
async function distributionId(root: string): Promise<string> {
  const text = (await readTextInRootIfExists(root, '/usr/lib/os-release')) ?? '';
  return /^ID="?([a-z0-9._-]+)"?$/m.exec(text)?.[1] ?? 'linux';
}
