import type { DiskLayout } from '../../contract/disk-layout.ts';
import type { DiskConfig } from '../../contract/image-config.ts';
import type { PlatformSettings } from '../../contract/platforms.ts';
import type { ArchitectureName } from '../../lib/architecture.ts';
import type { Digest } from '../../lib/digest.ts';
import type { Image } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';
import type { BootDeployment } from '../boot/boot-filesystem.ts';
import type { Extent } from '../extents.ts';
import type { SectorSize } from '../partitions/gpt.ts';
import type { PartitionRow } from '../partitions/table.ts';
import type { DiskSource } from '../source.ts';

/** A file whose content lies on a base disk, in its place. */
export interface PlacedFile {
  /** Relative: of the kernel's files, to its directory; of others, to their filesystem's root. */
  path: string;
  /** Bytes. */
  size: number;
  /** Stretches of the disk, which make up the content one after the other. */
  extents: readonly Extent[];
}

/** One of the kernel's. */
interface BootFile extends PlacedFile {
  uid: number;
  gid: number;
  /** Permission bits. */
  mode: number;
}

/** GRUB for BIOS on live media. */
export interface LiveBios {
  /** Loaded from CD-ROMs, by El Torito. */
  eltorito: Buffer;
  /** The first sector of disks. */
  hybrid: Buffer;
}

/** What a container says of itself, as far as it stands on its disks. */
export interface DiskContainer {
  digest: Digest;
  /** The operating system's name: its deployments and its `/var` lie in a directory of this name. */
  name: string;
  version: string;
  architecture: ArchitectureName;
  /** Seconds since the epoch: the commit's. */
  timestamp: number;
  /** Where machines look for updates if the container does not say it, as an origin has it. */
  followed?: string | undefined;
}

export interface BaseDiskRequest {
  /** Where the container's layers are read. */
  reader: ContentReader;
  image: Image;
  container: DiskContainer;
  sectorSize: SectorSize;
}

/**
 * What all disks of a container with one sector size have in common. Disposing of it closes its file.
 */
export interface BaseDisk extends AsyncDisposable {
  readonly container: DiskContainer;
  /** Checksum of the commit that is deployed. */
  readonly commit: string;
  /** Release of the kernel: `6.12.0-amd64`. */
  readonly kernelRelease: string;
  readonly sectorSize: SectorSize;
  /** image.json. */
  readonly config: DiskConfig;
  /** disk.json; what every disk has if the container has none. The filesystems of its own partitions are made with the base. */
  readonly layout: DiskLayout;
  /** platforms.json; empty if the container has none. */
  readonly platforms: ReadonlyMap<string, PlatformSettings>;
  /** What the container's Ignition may be told that it runs on, see `ignitionFinder`; undefined if it has none. */
  readonly ignitionPlatforms: readonly string[] | undefined;
  /** Bytes of the smallest disk with this content, a multiple of 1 MiB. */
  readonly leastSize: number;
  /** The partitions in the order of their numbers. */
  readonly partitions: readonly PartitionRow[];
  /** Bytes of the root filesystem. */
  readonly rootBytes: number;
  /** What the boot loader starts. */
  readonly deployment: BootDeployment;
  /** The kernel's files, in the order in which their contents lie in the boot partition. */
  readonly bootFiles: readonly BootFile[];
  /** What labels the boot filesystem: contexts by path in the running system. Empty if the system is not labelled. */
  readonly bootContexts: ReadonlyMap<string, string>;
  /** The boot loaders' files in the EFI system partition, in the order of their paths. */
  readonly espFiles: readonly PlacedFile[];
  /** Directories below EFI where signed boot loaders look for a configuration, such as `debian`. */
  readonly efiVendors: readonly string[];
  /** What the first sector begins with, where disks start by BIOS. */
  readonly bootCode: Buffer | undefined;
  /** Undefined if live media cannot start by BIOS. */
  readonly liveBios: LiveBios | undefined;
  /** GRUB's configuration on live media, if the container brings one; see `ownGrubConfig`. */
  readonly liveMenu: string | undefined;
  /** All content in its place, and neither a partition table nor the boot filesystem's own structures. */
  readonly source: DiskSource;
}
