import type { PlatformSettings } from '../../contract/platforms.ts';
import type { ArchitectureName } from '../../lib/architecture.ts';
import type { SectorSize } from '../partitions/gpt.ts';
import type { ImageForm } from './image-form.ts';

/**
 * Where a disk image runs: data and nothing else. Each file beside this one exports one platform or a family, and
 * `platforms.ts` lists them: the command line, its help and completion, the artifacts, the documentation and the contract
 * tests derive from that list.
 */
export interface Platform {
  /** In platforms.json, on the command line and in the image's file name. */
  readonly name: string;
  /** What it is, for people: "QEMU and libvirt". */
  readonly title: string;
  /** The architectures that it has, each with its consoles for where platforms.json in the container says nothing. */
  readonly consoles: Readonly<Partial<Record<ArchitectureName, PlatformSettings>>>;
  readonly sectorSize: SectorSize;
  /** `image`: as large as image.json says, as clouds want it; `least`: as small as the content allows. */
  readonly size: 'image' | 'least';
  readonly image: ImageForm;
  readonly ignition: IgnitionPlatform;
  /** How a machine gets to run it, in the platform's own words; in order. */
  readonly start: readonly StartStep[];
}

/** What Ignition is told on the kernel command line, as `ignition.platform.id`. */
interface IgnitionPlatform {
  readonly id: string;
  /**
   * For a container whose Ignition does not know the id: an unknown one ends the first boot in an emergency shell.
   * Another id, and how its configuration gets there then; without it, {@link plainIgnition}.
   */
  readonly otherwise?: IgnitionFallback;
}

export interface IgnitionFallback {
  readonly id: string;
  /** How the configuration gets into the machine, as a clause. */
  readonly by: string;
}

/** Every Ignition knows this one, and looks for nothing that a platform would have to provide. */
export const plainIgnition: IgnitionFallback = {
  id: 'metal',
  by: 'write it into the boot filesystem as ignition/config.ign, or give its address as ignition.config.url=… on the kernel command line',
};

interface StartStep {
  /** As a sentence without a full stop: "Upload the disk". */
  readonly does: string;
  /** Shell commands, in which IMAGE is the image's file and capitals stand for what is the user's. */
  readonly run?: string;
}
