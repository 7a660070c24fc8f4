import { join, resolve } from 'node:path';
import { verifiedFiles } from '../../disk/artifacts/verified-files.ts';
import { chooseDiskImages } from '../../disk/distribution/choose.ts';
import { offeredDiskImages } from '../../disk/distribution/offered.ts';
import { namesOf, readDiskImage, type StoredDiskImage, type StoredFile } from '../../disk/distribution/read.ts';
import { type ArchitectureName, hostArchitecture } from '../../lib/architecture.ts';
import { createCleanup } from '../../lib/cleanup.ts';
import { type Digest, digestHex } from '../../lib/digest.ts';
import { verificationError } from '../../lib/errors.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { type OpenedReference, openReference } from '../../oci/open.ts';
import { platformFor } from '../../oci/platform.ts';
import { admitImage } from '../../oci/policy.ts';
import type { ContentReader } from '../../oci/store.ts';
import { runStep } from '../../progress/step.ts';
import { waitForLock } from '../../progress/wait-for-lock.ts';
import { workDirectoryFor } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';
import { imagesLockOf } from '../../workspace/work-directory.ts';
import { downloadImages, type ImageDownload } from './pull/download.ts';
import { isThere } from './pull/place-files.ts';
import { temporaryDirectories } from './temporary-directories.ts';

export interface PullImagesOptions {
  /** Where the command runs; relative paths start there. */
  directory: string;
  /** Of disk images, of their container, or of one of them. */
  reference: string;
  /** Names of platforms, or `all`; none where there is only one image. */
  platforms: readonly string[];
  /** This machine's unless given, or that of the one image that the reference names. */
  architecture?: ArchitectureName | undefined;
  /** Directory for the images; `images/VERSION/` of the work directory unless given. */
  output?: string | undefined;
  /** Replace other files that are in the way. */
  force?: boolean | undefined;
}

/** A disk image that was fetched, or was there. */
interface PulledImage {
  /** Absolute path of its first file. */
  path: string;
  platform: string | undefined;
  architecture: string | undefined;
  /** With its compressor: `qcow2.xz`. */
  format: string;
  /** Of its manifest. */
  digest: Digest;
  /** Of the container that it was made of, as far as it says. */
  container: Digest | undefined;
  /** Bytes of its files. */
  size: number;
  files: readonly string[];
  /** True if it was there already, byte for byte. */
  present: boolean;
}

export interface PulledImages {
  images: readonly PulledImage[];
  /** Bytes that were downloaded. */
  bytes: number;
}

/** Registries are waited for, most of the time. */
const readsAtOnce = 8;

/**
 * Fetches disk images, with their records, from a registry or any other place. The policy in force must accept the
 * container that each was made of, where it is there, and the image itself. What is there already is not downloaded.
 * @throws CosaError what `openReference`, `offeredDiskImages`, `chooseDiskImages`, `readDiskImage`, `admitImage`, `isThere`
 *   and `downloadImages` throw
 */
export async function pullImages(session: Session, options: PullImagesOptions): Promise<PulledImages> {
  const { directory, reference, output, force = false } = options;
  const work = await workDirectoryFor(directory, reference);
  const opened = await openReference(reference, work.root, session.registries);
  const stored = await runStep(session, 'find disk images', () => findImages(opened, options));
  const reader = await admitted(session, work.root, opened, stored);
  const downloads = stored.map((image) => ({
    image,
    directory: output === undefined ? join(work.images, versionOf(image)) : resolve(directory, output),
  }));
  refuseSameNames(downloads);

  await using cleanup = createCleanup();
  const lock = await waitForLock(session, imagesLockOf(work), 'another command that makes disk images');
  cleanup.defer(() => lock[Symbol.asyncDispose]());
  const verified = verifiedFiles(work.cache);
  // All of them first: what is in the way of one is told before gigabytes of the others have come.
  const present: boolean[] = [];
  for (const { image, directory: to } of downloads) present.push(await isThere(image, to, verified, force));
  const missing = downloads.filter((_download, index) => present[index] === false);
  const temporary = temporaryDirectories(output === undefined ? work.images : resolve(directory, output), cleanup);
  const counts =
    missing.length === 0
      ? { bytes: 0 }
      : await runStep(session, 'download disk images', (reporter) =>
          downloadImages(reader, missing, { temporary, verified }, reporter),
        );
  return {
    images: downloads.map(({ image, directory: to }, index) => pulledImage(image, to, present[index] === true)),
    bytes: counts.bytes,
  };
}

async function findImages(
  { reader, descriptor, place, name }: OpenedReference,
  { platforms, architecture }: PullImagesOptions,
): Promise<readonly StoredDiskImage[]> {
  const wanted = platformFor(architecture ?? hostArchitecture().name);
  const offered = await offeredDiskImages(reader, descriptor, wanted);
  // Whoever names one image by its digest means that one.
  const itself = offered.find((image) => image.descriptor.digest === descriptor.digest);
  const chosen = chooseDiskImages(offered, {
    platforms,
    architecture: (architecture === undefined ? itself?.architecture : undefined) ?? wanted.architecture,
    where: name,
    referenceTo: (image) => place.format({ digest: image.descriptor.digest }),
  });
  return mapParallel(chosen, (image) => readDiskImage(reader, image), readsAtOnce);
}

/** Asks the policy for each image, and for each container of them that is there. */
async function admitted(
  session: Session,
  root: string,
  opened: OpenedReference,
  images: readonly StoredDiskImage[],
): Promise<ContentReader> {
  const containers = new Set(images.map(({ subject }) => subject?.digest).filter((digest) => digest !== undefined));
  let { reader } = opened;
  for (const digest of containers) {
    const container = await reader.resolveDigest(digest);
    if (container !== undefined) await admitImage(session, root, opened, container);
  }
  for (const { descriptor } of images) ({ reader } = (await admitImage(session, root, opened, descriptor)).reference);
  return reader;
}

/** Two images must not become one: their names are those that somebody else has given them. */
function refuseSameNames(downloads: readonly ImageDownload[]): void {
  const taken = new Map<string, StoredDiskImage>();
  for (const { image, directory } of downloads) {
    for (const name of namesOf(image)) {
      const path = join(directory, name);
      const before = taken.get(path);
      if (before !== undefined) {
        const both = `${before.descriptor.digest} and ${image.descriptor.digest}`;
        throw verificationError('DISK_IMAGE_INVALID', `disk images ${both} both have a file ${name}`);
      }
      taken.set(path, image);
    }
  }
}

/** The directory below `images/` that an image goes to. */
function versionOf({ record, descriptor }: StoredDiskImage): string {
  return record?.value.version ?? digestHex(descriptor.digest).slice(0, 12);
}

function pulledImage(image: StoredDiskImage, directory: string, present: boolean): PulledImage {
  const { platform, architecture, format, descriptor, subject, files } = image;
  const [first] = files as [StoredFile];
  return {
    path: join(directory, first.name),
    platform,
    architecture,
    format,
    digest: descriptor.digest,
    container: subject?.digest,
    size: files.reduce((sum, { blob }) => sum + blob.size, 0),
    files: files.map(({ name }) => name),
    present,
  };
}
