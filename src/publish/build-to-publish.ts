import type { BuildName } from './keys.ts';
import type { UploadSource } from './object-store.ts';
import type { PublishedImage, PublishedImages } from './published-images.ts';

/** A disk image that is to be published, and where the bytes of its files come from. */
export interface ImageToPublish {
  /** As `images.json` will have it, without signatures. */
  image: PublishedImage;
  /** The bytes of each of its files, by name. */
  open: (file: string) => UploadSource['open'];
}

/** What of a build is to be published, as plain data: nobody here knows what images are made of. */
export interface BuildToPublish {
  name: BuildName;
  /** Of the operating system. */
  system: string;
  container: PublishedImages['container'];
  images: readonly ImageToPublish[];
  /** The program that publishes, with its version. */
  generator: string;
}
