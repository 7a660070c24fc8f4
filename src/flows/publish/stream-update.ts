import { CosaError, verificationError } from '../../lib/errors.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { programName } from '../../lib/program.ts';
import { openReference } from '../../oci/open.ts';
import { isTag } from '../../oci/tag.ts';
import { runStep } from '../../progress/step.ts';
import { releaseIndexKey, releaseKey, streamKey } from '../../publish/keys.ts';
import type { PublishedBuild } from '../../publish/metadata/merge-release.ts';
import { addressOf } from '../../publish/metadata/merge-release.ts';
import type { OtherRelease } from '../../publish/metadata/merge-stream.ts';
import type { PublishedImages } from '../../publish/published-images.ts';
import type { StoreOptions } from '../../publish/store-environment.ts';
import { openObjectStore } from '../../publish/stores.ts';
import {
  newestPublishedVersion,
  onlyPublishedStream,
  publishedBuilds,
} from '../../publish/stream-metadata/published-builds.ts';
import { planMetadata, type WrittenDocument, writeMetadata } from '../../publish/stream-metadata.ts';
import { imageManifests } from '../../workspace/containers/images.ts';
import type { Session } from '../../workspace/session.ts';

export interface UpdateStreamOptions {
  /** Where the command runs. */
  directory: string;
  /** URL of the object store. */
  store: string;
  options: StoreOptions;
  /** The only one of the store unless given. */
  stream?: string | undefined;
  /** The newest that is published unless given. */
  version?: string | undefined;
  /** True if the stream may go back to an older version. */
  allowDowngrade: boolean;
  /** Only say what would be done. */
  dryRun: boolean;
}

export interface UpdatedStream {
  store: string;
  stream: string;
  version: string;
  /** Of which something of the version is published. */
  architectures: readonly string[];
  /** Where installers and users find the stream. */
  address: string;
  documents: readonly WrittenDocument[];
  /** What the stream still has of other versions. */
  others: readonly OtherRelease[];
}

/**
 * Brings a stream to a version: writes the metadata of the version, the index of releases and the stream, from what is
 * published and from the registry that holds the containers.
 * @throws CosaError `RELEASE_CONTAINER` (exit 4) if a registry lacks a container that is named; what `openObjectStore`,
 *   `publishedBuilds` and `writeMetadata` throw
 */
export async function updateStream(session: Session, options: UpdateStreamOptions): Promise<UpdatedStream> {
  const { signal } = session;
  await using store = await openObjectStore(options.store, options.options, session);
  const found = await runStep(session, 'find published images', async (reporter) => {
    const stream = options.stream ?? (await onlyPublishedStream(store, signal));
    const version = options.version ?? (await newestPublishedVersion(store, stream, signal));
    const images = await publishedBuilds(store, { stream, version }, signal);
    reporter.note(`${version} of ${stream}: ${images.map(({ architecture }) => architecture).join(', ')}`);
    return { stream, version, images };
  });
  const builds = await runStep(session, 'find their containers', () =>
    containersOf(session, options.directory, found.images),
  );
  const update = {
    builds,
    author: { generator: programName, now: new Date() },
    allowDowngrade: options.allowDowngrade,
  };
  const { documents, others } = await runStep(session, 'write stream metadata', () =>
    (options.dryRun ? planMetadata : writeMetadata)(store, update, signal),
  );
  return {
    store: store.url,
    stream: found.stream,
    version: found.version,
    architectures: found.images.map(({ architecture }) => architecture),
    address: addressOf(store, streamKey(found.stream)),
    documents,
    others,
  };
}

async function containersOf(
  session: Session,
  directory: string,
  images: readonly [PublishedImages, ...PublishedImages[]],
): Promise<[PublishedBuild, ...PublishedBuild[]]> {
  const builds = await mapParallel(
    images,
    async (build) => ({ images: build, container: await containerOf(session, directory, build) }),
    undefined,
    session.signal,
  );
  return builds as [PublishedBuild, ...PublishedBuild[]];
}

/** The documents that belong to a version and its stream, in the order in which they are written. */
export function documentKeys(name: { stream: string; version: string }): string[] {
  return [releaseKey(name), releaseIndexKey(name.stream), streamKey(name.stream)];
}

/** Where the container of published images is found: by the tag of its version, if that is it, and by its digest. */
async function containerOf(
  session: Session,
  directory: string,
  { container: { image, digest }, version }: PublishedImages,
): Promise<PublishedBuild['container']> {
  if (image === undefined) return undefined;
  const reference = `${image}@${digest}`;
  const { reader } = await openReference(`docker://${reference}`, directory, session.registries).catch(
    (error: unknown) => {
      throw isMissing(error) ? missing(reference, error) : error;
    },
  );
  const tagged = isTag(version) ? await reader.resolveTag(version) : undefined;
  const isIt = tagged !== undefined && (await imageManifests(reader, tagged)).some((found) => found.digest === digest);
  return { image: isIt ? `${image}:${version}` : reference, 'digest-ref': reference };
}

function isMissing(error: unknown): boolean {
  return error instanceof CosaError && ['DIGEST_UNKNOWN', 'REGISTRY_NOT_FOUND'].includes(error.code);
}

function missing(reference: string, cause: unknown): CosaError {
  return verificationError(
    'RELEASE_CONTAINER',
    `the container ${reference}, which the published images were made of, is not in its registry`,
    { hint: `bring it there: cosa push docker://${reference.slice(0, reference.indexOf('@'))}`, cause },
  );
}
