import { dirname, join } from 'node:path';
import type { DiskContainer } from '../../../disk/base-disk/types.ts';
import { referringDiskImages } from '../../../disk/distribution/offered.ts';
import { readDiskImage, type StoredDiskImage } from '../../../disk/distribution/read.ts';
import { isNamePart } from '../../../disk/image-name.ts';
import { type RecordedDiskImage, recordedImagesIn } from '../../../disk/images-in.ts';
import { allPlatforms, findPlatform } from '../../../disk/platforms.ts';
import type { DiskImageRecord } from '../../../disk/record.ts';
import { type CosaError, usageError } from '../../../lib/errors.ts';
import { sortByBytes } from '../../../lib/order.ts';
import { mapParallel } from '../../../lib/parallel.ts';
import { openRegularFile } from '../../../oci/file-content.ts';
import { type AdmittedReference, admitImage } from '../../../oci/policy.ts';
import type { Descriptor } from '../../../oci/types.ts';
import type { Reporter } from '../../../progress/reporter.ts';
import type { ImageToPublish } from '../../../publish/build-to-publish.ts';
import type { UploadSource } from '../../../publish/object-store.ts';
import type { Session } from '../../../workspace/session.ts';
import type { WorkDirectory } from '../../../workspace/work-directory.ts';

/** What disk images are looked for by. */
interface Sought {
  directory: string;
  work: WorkDirectory;
  /** Of the container. */
  reference: AdmittedReference;
  container: DiskContainer;
  /** Names of platforms; none for all that there are. */
  platforms: readonly string[];
}

/** Registries are waited for, most of the time. */
const readsAtOnce = 8;
/** So much of a file is read with one call, in bytes. */
const readSize = 1024 * 1024;

/**
 * The disk images of a container that are to be published: those in `images/`, and, for platforms that have none there,
 * those that refer to the container where it lies.
 * @throws CosaError `DISK_IMAGE_MISSING`, `DISK_IMAGE_CUSTOMIZED`, `DISK_IMAGE_UNRECORDED`, `PLATFORM_UNKNOWN` (exit 2), what
 *   `readDiskImage` and `admitImage` throw
 */
export async function imagesToPublish(session: Session, sought: Sought, reporter: Reporter): Promise<ImageToPublish[]> {
  const { work, container, platforms } = sought;
  const all = platforms.length === 0 || platforms.includes(allPlatforms);
  if (!all) for (const name of platforms) findPlatform(name);
  const made = isNamePart(container.version)
    ? await recordedImagesIn(join(work.images, container.version), container.digest)
    : [];
  const local = made.filter(({ record }) => all || platforms.includes(record.platform));
  const pristine = local.filter(({ record }) => record.customized === undefined);
  const missing = platforms.filter(
    (name) => name !== allPlatforms && !pristine.some(({ record }) => record.platform === name),
  );
  const customized = local.find(
    ({ record }) => record.customized !== undefined && !pristine.some((one) => one.record.platform === record.platform),
  );
  if (customized !== undefined && !all) throw isCustomized(customized.path);
  const stored =
    missing.length > 0 || (all && pristine.length === 0) ? await storedImages(session, sought, missing) : [];
  if (pristine.length + stored.length === 0) throw nothingFound(sought);
  const from = [
    ...(pristine.length > 0 ? [`${pristine.length} in ${work.images}`] : []),
    ...(stored.length > 0 ? [`${stored.length} in ${sought.reference.place.format()}`] : []),
  ];
  reporter.note(from.join(', '));
  return [...pristine.map(localImage), ...stored];
}

async function storedImages(session: Session, sought: Sought, platforms: readonly string[]): Promise<ImageToPublish[]> {
  const { work, reference, container } = sought;
  const offered = (await referringDiskImages(reference.reader, container.digest)).filter(
    ({ platform }) => platforms.length === 0 || (platform !== undefined && platforms.includes(platform)),
  );
  const lacking = platforms.find((name) => !offered.some(({ platform }) => platform === name));
  if (lacking !== undefined) throw nothingFound(sought, lacking);
  const images = await mapParallel(
    offered,
    async (one) => {
      const image = await readDiskImage(reference.reader, one);
      await admitImage(session, work.root, reference, image.descriptor);
      return image;
    },
    readsAtOnce,
    session.signal,
  );
  return images.map((image) => storedImage(sought, image));
}

function localImage({ path, record }: RecordedDiskImage): ImageToPublish {
  return {
    image: publishedImage(record),
    open: (file) => (start, end, signal) => fileRange(join(dirname(path), file), start, end, signal),
  };
}

function storedImage({ reference }: Sought, { record, files, descriptor }: StoredDiskImage): ImageToPublish {
  if (record === undefined) {
    throw usageError('DISK_IMAGE_UNRECORDED', `disk image ${descriptor.digest} has no record of how it was made`, {
      hint: 'publish images that "cosa image build" has made',
    });
  }
  if (record.value.customized !== undefined) throw isCustomized(`disk image ${descriptor.digest}`);
  const blobs = new Map<string, Descriptor>(files.map(({ name, blob }) => [name, blob]));
  return {
    image: publishedImage(record.value),
    open: (file) => (start, end, signal) =>
      range(reference.reader.readBlob(blobs.get(file) as Descriptor, signal), start, end),
  };
}

function publishedImage(record: DiskImageRecord): ImageToPublish['image'] {
  const { platform, format, files } = record;
  const diskSize = record['disk-size'];
  return { platform, format, ...(diskSize === undefined ? {} : { 'disk-size': diskSize }), files };
}

/** One buffer serves for all: whoever reads has done with it when more is asked for. */
async function* fileRange(
  path: string,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): ReturnType<UploadSource['open']> & AsyncGenerator<Uint8Array> {
  await using handle = await openRegularFile(path);
  const buffer = Buffer.allocUnsafe(readSize);
  for (let position = start; position < end; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, Math.min(readSize, end - position), position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** Of a blob only the whole is verified. */
async function* range(chunks: AsyncIterable<Buffer>, start: number, end: number): AsyncGenerator<Uint8Array> {
  let position = 0;
  for await (const chunk of chunks) {
    const piece = chunk.subarray(Math.max(0, start - position), Math.max(0, end - position));
    position += chunk.length;
    if (piece.length > 0) yield piece;
  }
}

function isCustomized(what: string): CosaError {
  return usageError('DISK_IMAGE_CUSTOMIZED', `${what} was customized: it does not follow from its container alone`, {
    hint: 'publish the image that it is a copy of; a customized one may hold secrets of its owner',
  });
}

function nothingFound({ work, reference, container, platforms }: Sought, platform?: string): CosaError {
  const what = platform === undefined ? 'no disk image' : `no disk image for ${platform}`;
  const where = `${join(work.images, container.version)} and ${reference.place.format()}`;
  return usageError('DISK_IMAGE_MISSING', `there is ${what} of container ${container.digest} in ${where}`, {
    hint: `make it: cosa image build ${sortByBytes(platforms).join(' ') || 'PLATFORM'}`,
  });
}
