import type { PlatformSettings } from '../../../contract/platforms.ts';
import type { SectorSize } from '../../partitions/gpt.ts';
import type { DiskFormat } from '../formats/format.ts';

/**
 * Where a disk image runs. Each file beside this one exports one, and `index.ts` lists them: the command line, its
 * help, the documentation and the contract tests derive from that list.
 */
export interface DiskPlatform {
  /** As in `ignition.platform.id=`, in platforms.json and in the image's file name. */
  readonly name: string;
  /** What it is, for help: "QEMU and libvirt". */
  readonly title: string;
  readonly format: DiskFormat;
  /** False where the format is compressed already, or the platform wants it as it is. */
  readonly compressible: boolean;
  readonly sectorSize: SectorSize;
  /** What must be able to start it: each needs boot loader files from the container. */
  readonly firmware: readonly Firmware[];
  /**
   * Bytes of the disk.
   * @param imageSize `size` of image.json, in GiB
   */
  diskSize(imageSize: number): number;
  /** The console where platforms.json says nothing. */
  readonly console: PlatformSettings;
}

export type Firmware = 'bios' | 'uefi';
