import { join, resolve } from 'node:path';
import { directoryCache } from '../../cache/directories.ts';
import { type CacheKind, cacheKinds } from '../../cache/kinds.ts';
import type { Artifact } from '../../disk/artifacts/artifact.ts';
import { baseDiskArtifact } from '../../disk/artifacts/base-disk.ts';
import { artifactGraph } from '../../disk/artifacts/graph.ts';
import { imageArtifact } from '../../disk/artifacts/image.ts';
import type { ImageChoice, ImageSources } from '../../disk/artifacts/image-making.ts';
import type { DiskImage } from '../../disk/artifacts/kept-image.ts';
import { liveRootfsArtifact } from '../../disk/artifacts/live-rootfs.ts';
import type { TemporaryDirectories } from '../../disk/artifacts/temporary.ts';
import { verifiedFiles } from '../../disk/artifacts/verified-files.ts';
import type { DiskContainer } from '../../disk/base-disk/types.ts';
import { ignitionRemarks } from '../../disk/ignition.ts';
import { readDiskSettings } from '../../disk/image-config.ts';
import { createGrainStore } from '../../disk/image-threads/grain-store.ts';
import { type ImageThreads, imageThreads } from '../../disk/image-threads.ts';
import type { SectorSize } from '../../disk/partitions/gpt.ts';
import { imageForm } from '../../disk/platforms/image-form.ts';
import { findPlatform } from '../../disk/platforms.ts';
import type { ArchitectureName } from '../../lib/architecture.ts';
import { type Cleanup, createCleanup } from '../../lib/cleanup.ts';
import { waitForLock } from '../../progress/wait-for-lock.ts';
import { describeContainer, followedReference } from '../../workspace/disk-images/source-container.ts';
import { type AdmittedImage, resolveAdmittedImage } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';
import { imagesLockOf } from '../../workspace/work-directory.ts';
import { type CompressChoice, compressorFor, needsImageConfig, platformsOf, requirePlatforms } from './choices.ts';
import { temporaryDirectories } from './temporary-directories.ts';

/** Which disk images of a container, and where they go. */
export interface DiskImagesRequest {
  /** Names of platforms, or `all`; none for those that image.json names. */
  platforms: readonly string[];
  /** Directory for the images, absolute; `images/VERSION/` of the work directory unless given. */
  output?: string | undefined;
  /** `none` unless given. */
  compress?: CompressChoice | undefined;
  /** False to make everything anew, and keep nothing that images are made of. */
  cache?: boolean | undefined;
}

export interface BuildImagesOptions extends DiskImagesRequest {
  /** Where the command runs: in a work directory, or anywhere with `from`. A relative `output` starts there. */
  directory: string;
  /** Reference of the container; the newest build unless given. */
  from?: string | undefined;
  /** Which image of several; this machine's unless given. */
  architecture?: ArchitectureName | undefined;
}

export interface BuiltImages {
  container: DiskContainer;
  /** Directory of the images, absolute. */
  output: string;
  /** One for each platform, in the order asked for. */
  images: readonly DiskImage[];
}

/**
 * Makes disk images from a container alone.
 * @throws CosaError `PLATFORM_UNKNOWN` (exit 2), what {@link resolveAdmittedImage} and {@link makeImages} throw
 */
export async function buildImages(session: Session, options: BuildImagesOptions): Promise<BuiltImages> {
  const { directory, from, architecture, output, ...request } = options;
  // Before the container is read: a registry may be slow.
  requirePlatforms(options.platforms);
  const admitted = await resolveAdmittedImage(session, directory, from, architecture);
  return makeImages(session, admitted, {
    ...request,
    output: output === undefined ? undefined : resolve(directory, output),
  });
}

/**
 * Makes disk images of a container that was opened and admitted. Image builds of one work directory wait for each
 * other; killed ones leave nothing that the next does not remove.
 * @throws CosaError what `describeContainer`, `platformsOf`, the artifacts and their graph throw
 */
export async function makeImages(
  session: Session,
  { work, reference, image }: AdmittedImage,
  request: DiskImagesRequest,
): Promise<BuiltImages> {
  requirePlatforms(request.platforms);
  const container = describeContainer(image, followedReference(reference));
  const { compress = 'none', cache: takesKept = true } = request;
  const output = request.output ?? join(work.images, container.version);
  const warn = (message: string, hint?: string) => session.events({ type: 'warning', message, hint });

  await using cleanup = createCleanup();
  const lock = await waitForLock(session, imagesLockOf(work), 'another command that makes disk images');
  cleanup.defer(() => lock[Symbol.asyncDispose]());
  // Beside the versions' directories: what a killed build has left goes with the next build of whatever version.
  const temporary = temporaryDirectories(request.output ?? work.images, cleanup);
  const cacheOf = (kind: CacheKind) => {
    const cache = takesKept ? directoryCache(work.cache, kind, session) : undefined;
    cleanup.defer(() => cache?.[Symbol.asyncDispose]());
    return cache;
  };
  const [baseDisks, liveRoots] = [cacheOf(cacheKinds.baseDisks), cacheOf(cacheKinds.liveRootfs)];
  const graph = artifactGraph(session);
  const verified = verifiedFiles(work.cache);

  const { reader } = reference;
  const baseDiskMaking = { reader, image, container, cache: baseDisks, temporary, cleanup, warn };
  const baseDisk = onceFor((sectorSize: SectorSize) => soughtOnce(baseDiskArtifact(baseDiskMaking, sectorSize)));
  // A base disk that is kept tells it at once; in a container it lies somewhere among the layers.
  const config = needsImageConfig(request.platforms, compress)
    ? ((await baseDisk(512).find())?.disk.config ?? (await readDiskSettings(reader, image)).config)
    : undefined;

  const platforms = platformsOf(request.platforms, container, config);
  const choices = platforms.map((platform) => ({ platform, compressor: compressorFor(platform, compress, config) }));
  const threads = once(() => openThreads(choices, temporary, cleanup));
  const sources: ImageSources = {
    baseDisk,
    liveRootfs() {
      if (config === undefined) throw new RangeError('live media were not asked for');
      return liveRootfsArtifact({ container, config, baseDisk, threads, cache: liveRoots, temporary, cleanup });
    },
  };
  const making = { container, sources, output, temporary, threads, verified, takesKept, warn };
  const artifacts = await Promise.all(choices.map((choice) => imageArtifact(making, choice)));
  const images = await graph.results(artifacts);
  const disks = images.map(({ record }) => ({ platform: findPlatform(record.platform), chosen: record.ignition }));
  for (const remark of ignitionRemarks(disks)) session.events({ type: 'warning', ...remark });
  return { container, output, images };
}

/** Threads that compress; where several images are deflated, what they have in common only once. */
async function openThreads(
  choices: readonly ImageChoice[],
  temporary: TemporaryDirectories,
  cleanup: Cleanup,
): Promise<ImageThreads> {
  const deflated = choices.filter(
    ({ platform, compressor }) => imageForm(platform.image).isCompressed || compressor?.name === 'gzip',
  );
  const grains =
    deflated.length > 1 ? await createGrainStore(join(await temporary.make('grains'), 'grains')) : undefined;
  cleanup.defer(() => grains?.[Symbol.asyncDispose]());
  const threads = imageThreads(grains === undefined ? {} : { grains });
  cleanup.defer(() => threads[Symbol.dispose]());
  return threads;
}

/** An artifact that is looked for once, whoever asks. */
function soughtOnce<Result>(artifact: Artifact<Result>): Artifact<Result> {
  return { ...artifact, find: once(artifact.find) };
}

function onceFor<Input, Result>(action: (input: Input) => Result): (input: Input) => Result {
  const results = new Map<Input, Result>();
  return (input) => {
    const result = results.get(input) ?? action(input);
    results.set(input, result);
    return result;
  };
}

function once<Result>(action: () => Promise<Result>): () => Promise<Result> {
  let result: Promise<Result> | undefined;
  return () => {
    result ??= action();
    return result;
  };
}
