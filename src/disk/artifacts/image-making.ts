import type { DiskContainer } from '../base-disk/types.ts';
import type { Compressor } from '../compressors/compressor.ts';
import type { ImageThreads } from '../image-threads.ts';
import type { SectorSize } from '../partitions/gpt.ts';
import type { Platform } from '../platforms/platform.ts';
import type { Artifact } from './artifact.ts';
import type { MadeBaseDisk } from './base-disk.ts';
import type { MadeLiveRootfs } from './live-rootfs.ts';
import type { TemporaryDirectories } from './temporary.ts';
import type { VerifiedFiles } from './verified-files.ts';

/** Which image. */
export interface ImageChoice {
  platform: Platform;
  /** `undefined` for one that is not compressed, or only inside. */
  compressor: Compressor | undefined;
}

/** What images are made with and where they go. */
export interface ImageMaking {
  container: DiskContainer;
  sources: ImageSources;
  /** Directory for the images and their records; made if missing. */
  output: string;
  temporary: TemporaryDirectories;
  threads: () => Promise<ImageThreads>;
  verified: VerifiedFiles;
  /** False to make images anew, whatever is there. */
  takesKept: boolean;
  /** Takes what a person should know of, and what can be done about it. */
  warn: (message: string, hint?: string) => void;
}

/** What images are made of, which they have in common. */
export interface ImageSources {
  baseDisk(sectorSize: SectorSize): Artifact<MadeBaseDisk>;
  /** Of live media. */
  liveRootfs(): Artifact<MadeLiveRootfs>;
}
