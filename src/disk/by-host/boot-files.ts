import { containerPaths } from '../../contract/paths.ts';
import { verificationError } from '../../lib/errors.ts';
import type { BiosLoader } from '../boot/methods/bios.ts';
import { copyTreeDirectory, readTreeFile } from './container-tree.ts';
import type { Firmware } from './platforms/platform.ts';

/** Relative to the container's tree. */
const directory = containerPaths.bootLoaders.slice(1);

const maximumBiosBytes = 1 << 20;
const maximumEspBytes = 100 << 20;

/**
 * Reads GRUB for BIOS from a checked-out container.
 * @throws CosaError `BOOT_LOADER_MISSING`, `CONTAINER_PATH` (exit 4)
 */
export async function readBiosLoader(tree: string): Promise<BiosLoader> {
  const bootImage = await readTreeFile(tree, `${directory}/bios/boot.img`, maximumBiosBytes);
  const coreImage = await readTreeFile(tree, `${directory}/bios/core.img`, maximumBiosBytes);
  if (bootImage === undefined || coreImage === undefined) throw missing('bios', 'bios/boot.img and bios/core.img');
  return { bootImage, coreImage };
}

/**
 * Copies what the EFI system partition holds from a checked-out container to a directory that does not exist yet.
 * @throws CosaError `BOOT_LOADER_MISSING`, `CONTAINER_PATH` (exit 4)
 */
export async function copyEspContent(tree: string, destination: string): Promise<void> {
  const found = await copyTreeDirectory(tree, `${directory}/efi`, destination, maximumEspBytes);
  if (!found) throw missing('uefi', 'efi/');
}

function missing(firmware: Firmware, what: string) {
  const firmwareName = { bios: 'BIOS', uefi: 'UEFI' }[firmware];
  return verificationError(
    'BOOT_LOADER_MISSING',
    `the container has no boot loader for ${firmwareName}: /${directory}/${what}`,
    {
      hint: 'build the container with the packages of that boot loader among its packages',
    },
  );
}
