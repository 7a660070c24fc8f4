import { containerPaths } from '../../contract/paths.ts';
import type { ArchitectureName } from '../../lib/architecture.ts';
import { verificationError } from '../../lib/errors.ts';
import type { CommitDirectory } from '../../ostree/unpack/directories.ts';
import { containerPath, findDirectory, findFileChecksum } from '../deployment/container-path.ts';
import { type DistributionLoaders, distributionLoaders } from './distribution-loaders.ts';

/** The boot loaders' files in a commit, by content checksum. */
export interface LoaderFiles {
  /** Of the EFI system partition, by their paths there: `EFI/BOOT/BOOTX64.EFI`. */
  esp: readonly { path: string; source: string; checksum: string }[];
  /** GRUB for BIOS, where disks have a place for it and the container has it. */
  bios: { boot: string; core: string } | undefined;
  /** GRUB for BIOS on live media. */
  media: { eltorito: string; hybrid: string } | undefined;
  /** What a build of ours says of them, and what bootupd is to know: where they are prepared, and it is there. */
  record: string | undefined;
  bootupdState: string | undefined;
  /** Where the loaders are a distribution's own and nobody has prepared them for disks. */
  distribution: DistributionLoaders | undefined;
}

/** Where GRUB for BIOS lies. */
export const biosPaths = {
  boot: `${containerPaths.bootLoaders}/bios/boot.img`,
  core: `${containerPaths.bootLoaders}/bios/core.img`,
  eltorito: `${containerPaths.bootLoaders}/bios/eltorito.img`,
  hybrid: `${containerPaths.bootLoaders}/bios/hybrid.img`,
} as const;

const espPath = `${containerPaths.bootLoaders}/efi`;

/** Boot loaders have a few dozen, and firmware for all boards of a vendor some hundreds. */
const mostEspFiles = 10_000;

/**
 * Finds the boot loaders: those that a build of ours has gathered, or else a distribution's, in the places of its packages.
 * The latter are for UEFI alone: GRUB for BIOS is made for its disk by a program that would have to be run.
 * @param hasBios true if the disks have a place for what BIOS starts
 * @throws CosaError `BOOT_LOADER_MISSING`, `CONTAINER_PATH` (exit 4)
 */
export function findLoaders(root: CommitDirectory, architecture: ArchitectureName, hasBios: boolean): LoaderFiles {
  const esp = findDirectory(root, espPath);
  if (esp === undefined) {
    const distribution = distributionLoaders(root, architecture);
    if (distribution === undefined) throw missing('UEFI', `${espPath}, or a distribution's shim and GRUB`);
    const prepared = { bios: undefined, media: undefined, record: undefined, bootupdState: undefined };
    return { esp: bounded(distribution.esp), ...prepared, distribution };
  }
  const boot = findFileChecksum(root, biosPaths.boot);
  const core = findFileChecksum(root, biosPaths.core);
  if (hasBios && (boot === undefined || core === undefined)) {
    throw missing('BIOS', `${biosPaths.boot} and ${biosPaths.core}`);
  }
  const bios = hasBios && boot !== undefined && core !== undefined ? { boot, core } : undefined;
  const eltorito = findFileChecksum(root, biosPaths.eltorito);
  const hybrid = findFileChecksum(root, biosPaths.hybrid);
  // Containers of older versions, and of others, have none.
  const media = hasBios && eltorito !== undefined && hybrid !== undefined ? { eltorito, hybrid } : undefined;
  const record = findFileChecksum(root, containerPaths.bootLoaderRecord);
  const bootupdState = findFileChecksum(root, containerPaths.bootupdState);
  return { esp: bounded(filesBelow(esp)), bios, media, record, bootupdState, distribution: undefined };
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
  return found;
}

function bounded(files: LoaderFiles['esp']): LoaderFiles['esp'] {
  if (files.length > mostEspFiles) throw containerPath(espPath, `holds more than ${mostEspFiles} files`);
  return files;
}

function missing(firmware: string, path: string) {
  return verificationError('BOOT_LOADER_MISSING', `the container has no boot loader for ${firmware}: ${path}`, {
    hint: 'build the container with the packages of that boot loader among its packages: shim and the signed GRUB',
  });
}
