// Raw disks, and fixed VHDs: "Virtual Hard Disk Image Format Specification", Microsoft, 2006.
import type { Extent } from '../extents.ts';
import { raw } from '../formats/raw.ts';
import { vhd } from '../formats/vhd.ts';
import type { DiskSource } from '../source.ts';
import { bytesAt, type ImageFile, invalidImage, type OpenedImage, requireDiskSize } from './opened.ts';

const footerBytes = 512;
const fixedDisk = 2;

/**
 * A disk as it is.
 * @param extents that hold something else than zeros, where they are known
 * @throws CosaError `DISK_INVALID` (exit 4)
 */
export function openRaw(file: ImageFile, extents?: readonly Extent[]): OpenedImage {
  return { source: contentOf(file, requireDiskSize(file, file.size), extents), format: raw };
}

/** A fixed VHD: a disk as it is, and a footer. @throws CosaError `DISK_INVALID` (exit 4) */
export async function openVhd(file: ImageFile): Promise<OpenedImage> {
  const footer = await bytesAt(file, file.size - footerBytes, footerBytes);
  if (footer.readUInt32BE(60) !== fixedDisk) throw invalidImage(file, 'it is a VHD of another kind than a fixed one');
  const size = requireDiskSize(file, Number(footer.readBigUInt64BE(48)));
  if (size > file.size - footerBytes) throw invalidImage(file, `it says that its disk has ${size} bytes`);
  return { source: contentOf(file, size), format: vhd };
}

function contentOf(
  file: ImageFile,
  size: number,
  extents = [{ offset: 0, length: size }] as readonly Extent[],
): DiskSource {
  return {
    size,
    extents,
    async read(position, buffer) {
      const inside = Math.max(0, Math.min(buffer.length, size - position));
      await file.read(position, buffer.subarray(0, inside));
      buffer.fill(0, inside);
    },
  };
}
