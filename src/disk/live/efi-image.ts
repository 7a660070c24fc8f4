import { architectures } from '../../lib/architecture.ts';
import type { Digest } from '../../lib/digest.ts';
import { verificationError } from '../../lib/errors.ts';
import { derivedUuid } from '../../lib/uuid.ts';
import type { BaseDisk, PlacedFile } from '../base-disk/types.ts';
import { newDirectory, newFile, placeNode } from '../deployment/nodes.ts';
import { fat } from '../filesystems/fat.ts';
import { rangesOutput } from '../output.ts';
import { mostEfiBytes } from './el-torito.ts';

/** Where the FAT filesystem begins on the ISO, in its sectors: 1 MiB. */
const hiddenSectors = 2048;
const label = 'EFI-LIVE';

/** Shim's fallback writes boot entries of its own into the firmware, which are wrong once the medium is gone. */
const fallback = /^(fb.*\.efi|boot.*\.csv)$/i;

/** GRUB and MokManager, by the names that shim has for them: `grubx64.efi`. */
const startedByShim = new Set(
  architectures.flatMap(({ efi }) => (efi === undefined ? [] : [`grub${efi}.efi`, `mm${efi}.efi`])),
);

/**
 * Makes the FAT filesystem of the boot loaders that the container has.
 * @param config of GRUB, which finds the medium
 * @throws CosaError `BOOT_LOADER_TOO_LARGE` (exit 4), what reading the disk throws; the signal's reason
 */
export async function liveEfi(base: BaseDisk, config: string, signal: AbortSignal): Promise<Buffer> {
  const { digest, timestamp } = base.container;
  const loaders = liveLoaders(base);
  requireSmall([...loaders.values()]);
  const root = newDirectory(timestamp);
  for (const [name, file] of loaders) {
    placeNode(root, `EFI/BOOT/${name}`, newFile(timestamp, await bytesOf(base, file)));
  }
  // Firmware that starts the filesystem by itself has GRUB look for its configuration in here.
  for (const vendor of ['BOOT', ...base.efiVendors])
    placeNode(root, `EFI/${vendor}/grub.cfg`, newFile(timestamp, config));
  return fatImage(root, digest, timestamp, signal);
}

/**
 * What stands beside shim in EFI/BOOT, by name: what is there on disks, and GRUB and MokManager of vendors' directories. Without its
 * fallback, shim starts the GRUB beside it.
 */
function liveLoaders({ espFiles }: BaseDisk): Map<string, PlacedFile> {
  const loaders = new Map<string, PlacedFile>();
  for (const file of espFiles) {
    const [top, directory = '', name = '', ...deeper] = file.path.split('/');
    if (top !== 'EFI' || name === '' || deeper.length > 0 || fallback.test(name)) continue;
    if (directory === 'BOOT') loaders.set(name, file);
    else if (startedByShim.has(name) && !loaders.has(name)) loaders.set(name, file);
  }
  return loaders;
}

function requireSmall(files: readonly PlacedFile[]): void {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (bytes <= mostEfiBytes / 2) return;
  throw verificationError(
    'BOOT_LOADER_TOO_LARGE',
    `the container's boot loaders for UEFI have ${bytes} bytes; ${Math.floor(mostEfiBytes / 2)} fit on live media`,
  );
}

async function bytesOf({ source }: BaseDisk, { size, extents }: PlacedFile): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  let done = 0;
  for (const { offset, length } of extents) {
    await source.read(offset, bytes.subarray(done, done + length));
    done += length;
  }
  return bytes;
}

async function fatImage(
  root: Parameters<Awaited<ReturnType<typeof fat.begin>>['finish']>[0],
  container: Digest,
  timestamp: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const output = rangesOutput();
  await using writer = await fat.begin({
    output,
    label,
    uuid: derivedUuid(container, 'live filesystem EFI'),
    timestamp,
    sectorSize: 512,
    hiddenSectors,
    options: '',
    optionsKey: '',
    scratch: '',
    signal,
  });
  const image = Buffer.alloc(await writer.finish(root));
  for (const { position, bytes } of output.ranges()) bytes.copy(image, position);
  return image;
}
