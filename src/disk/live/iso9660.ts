import type { ImageSink } from '../formats/format.ts';
import { biosBootImage, bootCatalog } from './el-torito.ts';
import { backupSectors, hybridAreas } from './hybrid.ts';
import {
  bootDescriptor,
  endDescriptor,
  jolietDescriptor,
  primaryDescriptor,
  type VolumeIdentity,
} from './iso9660/descriptors.ts';
import type { IsoPlace } from './iso9660/directory.ts';
import { jolietNames, shortNames } from './iso9660/names.ts';
import { sectorBytes, sectorsFor } from './iso9660/numbers.ts';
import { directoryTree } from './iso9660/tree.ts';
import { planTree } from './iso9660/volume-tree.ts';
import { heldContent, type MediaContent } from './media-content.ts';

/** A file of an ISO. */
export interface IsoFile {
  /** Relative: `images/pxeboot/vmlinuz`. The directories in it are made. */
  path: string;
  /** Less than 4 GiB. */
  content: MediaContent;
}

/** An ISO that is to be written. */
export interface IsoRequest {
  identity: VolumeIdentity;
  /** Of the partition table that it has on a disk. */
  guids: { disk: string; partition: string };
  /** They lie in this order. */
  files: readonly IsoFile[];
  /** A FAT filesystem that UEFI starts from, and the file that it is. */
  efi: IsoFile;
  /** GRUB's images for BIOS, and the file that the larger one is; undefined for an ISO that starts by UEFI alone. */
  bios: { path: string; eltorito: Buffer; hybrid: Buffer } | undefined;
}

/** An ISO whose layout is settled. */
export interface PlannedIso {
  /** Bytes. */
  readonly size: number;
  /** Writes all of it, from its first byte to its last. @throws what the sink and the contents throw */
  write(sink: ImageSink): Promise<void>;
}

/** The system area, in front of the volume descriptors (ECMA-119, 6.2.1). */
const systemSectors = 16;
/** Primary volume, boot record, Joliet, terminator. */
const descriptorSectors = 4;
/** Partitions of disks begin there, and so does what one of them is. */
const efiAlignment = 512;

/**
 * Lays an ISO 9660 image out, with Rock Ridge and Joliet, that boots from CD-ROMs and from disks that it was written to. The
 * same request gives the same bytes.
 * @throws RangeError for files that no ISO of ours has: a caller's mistake; CosaError `BOOT_IMAGE_INVALID` (exit 4)
 */
export function planIso(request: IsoRequest): PlannedIso {
  const { identity, bios, efi } = request;
  const { timestamp } = identity;
  const biosSize = bios === undefined ? 0 : Math.ceil(bios.eltorito.length / 4) * 4;
  const files: readonly { path: string; size: number }[] = [
    { path: efi.path, size: efi.content.size },
    ...(bios === undefined ? [] : [{ path: bios.path, size: biosSize }]),
    ...request.files.map(({ path, content }) => ({ path, size: content.size })),
  ];
  const root = directoryTree(files.map(({ path }) => path));
  const catalogSector = systemSectors + descriptorSectors;
  let next = catalogSector + 1;
  const take = (count: number) => {
    next += count;
    return next - count;
  };
  const primary = planTree(root, { naming: shortNames, hasRockRidge: true, timestamp }, take);
  const joliet = planTree(root, { naming: jolietNames, hasRockRidge: false, timestamp }, take);
  next = Math.ceil(next / efiAlignment) * efiAlignment;
  const places = files.map(({ size }): IsoPlace => {
    if (size > 0xffffffff) throw new RangeError(`a file of ${size} bytes has no room on an ISO`);
    return { sector: size === 0 ? 0 : take(sectorsFor(size)), size };
  });
  const sectors = next + backupSectors;
  const [efiPlace, biosPlace] = places as [IsoPlace, IsoPlace];

  const hybrid = hybridAreas({
    guids: request.guids,
    sectors,
    efi: efiPlace,
    bios: bios === undefined ? undefined : { bootCode: bios.hybrid, sector: biosPlace.sector },
  });
  const contents: readonly MediaContent[] = [
    efi.content,
    ...(bios === undefined ? [] : [heldContent(biosBootImage(bios.eltorito, biosPlace.sector))]),
    ...request.files.map(({ content }) => content),
  ];

  function head(): Buffer {
    const bytes = Buffer.alloc(efiPlace.sector * sectorBytes);
    const put = (sector: number, part: Buffer) => part.copy(bytes, sector * sectorBytes);
    put(0, hybrid.head);
    const fileAt = (index: number) => places[index] as IsoPlace;
    const [first, second] = [primary.encode(fileAt), joliet.encode(fileAt)];
    put(systemSectors, primaryDescriptor(identity, first.tree, sectors));
    put(systemSectors + 1, bootDescriptor(catalogSector));
    put(systemSectors + 2, jolietDescriptor(identity, second.tree, sectors));
    put(systemSectors + 3, endDescriptor());
    put(catalogSector, bootCatalog(bios === undefined ? undefined : biosPlace, efiPlace));
    for (const { sector, part } of [...first.parts, ...second.parts]) put(sector, part);
    return bytes;
  }

  return {
    size: sectors * sectorBytes,
    async write(sink) {
      await sink.append(head());
      for (const content of contents) {
        await content.appendTo(sink);
        await sink.append(Buffer.alloc((sectorBytes - (content.size % sectorBytes)) % sectorBytes));
      }
      await sink.append(Buffer.alloc(backupSectors * sectorBytes - hybrid.tail.length));
      await sink.append(hybrid.tail);
    },
  };
}
