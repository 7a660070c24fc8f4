import { type CosaError, verificationError } from '../lib/errors.ts';
import { compareBytes } from '../lib/order.ts';
import type { BuildToPublish, ImageToPublish } from './build-to-publish.ts';
import { imagesKey } from './keys.ts';
import {
  type PublishedFile,
  type PublishedImage,
  type PublishedImages,
  publishedSchemaVersion,
} from './published-images.ts';

/** What is to be done with a file of a build. */
export interface FileToPublish {
  image: ImageToPublish;
  file: PublishedFile;
  /** False if it is published already, and lacks a signature alone. */
  isNew: boolean;
}

/**
 * Compares a build with what is published of it: what is missing is to be published, and what is there must be the same.
 * @param current what is published
 * @param isSigned true to have a signature of each file
 * @param where names what is published in errors
 * @throws CosaError `PUBLISHED_DIFFERS` (exit 4)
 */
export function planBuild(
  build: BuildToPublish,
  current: PublishedImages | undefined,
  isSigned: boolean,
  where: string,
): FileToPublish[] {
  if (current !== undefined) requireSameBuild(build, current, where);
  return build.images.flatMap((image) => {
    const there = current?.images.find((published) => isSameKind(published, image.image));
    if (there !== undefined) requireSameFiles(image.image, there, where);
    return image.image.files.flatMap((file, index) => {
      const isNew = there === undefined;
      const lacksSignature = isSigned && there?.files[index]?.signature === undefined;
      return isNew || lacksSignature ? [{ image, file, isNew }] : [];
    });
  });
}

/**
 * What is published once files have been: the images that were there, and those of the build, with signatures.
 * @param signatures names of files with signatures, by the name of what they sign
 * @throws CosaError `PUBLISHED_DIFFERS` (exit 4) if somebody else has published something else meanwhile
 */
export function mergeBuild(
  build: BuildToPublish,
  current: PublishedImages | undefined,
  signatures: ReadonlyMap<string, string>,
  where: string,
): PublishedImages {
  planBuild(build, current, false, where);
  const images = [...(current?.images ?? [])];
  for (const { image } of build.images) {
    if (!images.some((published) => isSameKind(published, image))) images.push(image);
  }
  const { container, generator, system, name } = build;
  return {
    'schema-version': publishedSchemaVersion,
    ...current,
    name: system,
    stream: name.stream,
    version: name.version,
    architecture: name.architecture,
    // What is known of it may have grown: it was pushed since.
    container: { ...container, ...current?.container },
    images: images.map((image) => signed(image, signatures)).sort(byKind),
    generator: current?.generator ?? generator,
  };
}

function signed(image: PublishedImage, signatures: ReadonlyMap<string, string>): PublishedImage {
  const files = image.files.map((file) => {
    const signature = signatures.get(file.name);
    return signature === undefined ? file : { ...file, signature };
  });
  return { ...image, files };
}

function byKind(a: PublishedImage, b: PublishedImage): number {
  return compareBytes(a.platform, b.platform) || compareBytes(a.format, b.format);
}

function isSameKind(a: PublishedImage, b: PublishedImage): boolean {
  return a.platform === b.platform && a.format === b.format;
}

function requireSameBuild({ name, system, container }: BuildToPublish, current: PublishedImages, where: string): void {
  const fields = [
    ['stream', name.stream, current.stream],
    ['version', name.version, current.version],
    ['architecture', name.architecture, current.architecture],
    ['name', system, current.name],
    ['container', container.digest, current.container.digest],
  ] as const;
  for (const [field, ours, theirs] of fields) {
    if (ours !== theirs) throw differs(where, `it is published with the ${field} ${theirs}, and not ${ours}`);
  }
}

function requireSameFiles(ours: PublishedImage, theirs: PublishedImage, where: string): void {
  const what = `its image for ${ours.platform} (${ours.format})`;
  if (ours.files.length !== theirs.files.length) throw differs(where, `${what} has other files`);
  for (const [index, file] of ours.files.entries()) {
    const there = theirs.files[index] as PublishedFile;
    if (file.name !== there.name || file.role !== there.role) throw differs(where, `${what} has other files`);
    if (file.sha256 !== there.sha256 || file.size !== there.size) {
      throw differs(where, `${file.name} is published with the checksum ${there.sha256}, and not ${file.sha256}`);
    }
  }
}

function differs(where: string, reason: string): CosaError {
  return verificationError('PUBLISHED_DIFFERS', `${where}: ${reason}`, {
    hint: 'what is published under a version stays: build another version',
  });
}

/** Where a build is published, for messages. @param store URL of the store */
export function placeOfBuild(store: string, { name }: BuildToPublish): string {
  return `${store}/${imagesKey(name).replace(/\/[^/]*$/, '')}`;
}
