import { containerPaths } from '../../contract/paths.ts';
import { verificationError } from '../../lib/errors.ts';
import type { CommitDirectory } from '../../ostree/unpack/directories.ts';
import { containerPath, findDirectory, findFileChecksum } from '../deployment/container-path.ts';

/** The boot loaders' files in a commit, by content checksum. */
export interface LoaderFiles {
  /** Of the EFI system partition, by their paths there: `EFI/BOOT/BOOTX64.EFI`. */
  esp: readonly { path: string; source: string; checksum: string }[];
  /** GRUB for BIOS, where disks have a place for it. */
  bios: { boot: string; core: string } | undefined;
}

/** Where GRUB for BIOS lies. */
export const biosPaths = {
  boot: `${containerPaths.bootLoaders}/bios/boot.img`,
  core: `${containerPaths.bootLoaders}/bios/core.img`,
} as const;

const espPath = `${containerPaths.bootLoaders}/efi`;

/** Boot loaders have a few dozen, and firmware for all boards of a vendor some hundreds. */
const mostEspFiles = 10_000;

/**
 * Finds the boot loaders.
 * @param hasBios true if the disks are to start by BIOS, too
 * @throws CosaError `BOOT_LOADER_MISSING`, `CONTAINER_PATH` (exit 4)
 */
export function findLoaders(root: CommitDirectory, hasBios: boolean): LoaderFiles {
  const esp = findDirectory(root, espPath);
  if (esp === undefined) throw missing('UEFI', espPath);
  const boot = findFileChecksum(root, biosPaths.boot);
  const core = findFileChecksum(root, biosPaths.core);
  if (hasBios && (boot === undefined || core === undefined)) {
    throw missing('BIOS', `${biosPaths.boot} and ${biosPaths.core}`);
  }
  const bios = hasBios && boot !== undefined && core !== undefined ? { boot, core } : undefined;
  return { esp: filesBelow(esp), bios };
}

function filesBelow(top: CommitDirectory): LoaderFiles['esp'] {
  const found: { path: string; source: string; checksum: string }[] = [];
  function visit({ files, directories }: CommitDirectory, prefix: string): void {
    for (const [name, checksum] of files) {
      found.push({ path: `${prefix}${name}`, source: `${espPath}/${prefix}${name}`, checksum });
    }
    for (const [name, below] of directories) visit(below, `${prefix}${name}/`);
  }
  visit(top, '');
  if (found.length > mostEspFiles) throw containerPath(espPath, `holds more than ${mostEspFiles} files`);
  return found;
}

function missing(firmware: string, path: string) {
  return verificationError('BOOT_LOADER_MISSING', `the container has no boot loader for ${firmware}: ${path}`, {
    hint: 'build the container with the packages of that boot loader among its packages',
  });
}
