import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildFileKey, imagesKey } from '../../src/publish/keys.ts';
import { formatPublishedImages, type PublishedImages } from '../../src/publish/published-images.ts';
import { exampleContent } from './example-build.ts';

/** Puts a build into the directory of a store, as `cosa publish` leaves it, without the store's care for what gets lost. */
export async function publishExample(directory: string, images: PublishedImages): Promise<void> {
  for (const { name, signature = '' } of images.images.flatMap(({ files }) => files)) {
    await placeObject(directory, buildFileKey(images, name), exampleContent(name));
    await placeObject(directory, buildFileKey(images, signature), 'signature');
  }
  await placeObject(directory, imagesKey(images), formatPublishedImages(images));
}

/** Puts a file into the directory of a store. */
export async function placeObject(directory: string, key: string, content: string | Uint8Array): Promise<void> {
  const path = join(directory, key);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
