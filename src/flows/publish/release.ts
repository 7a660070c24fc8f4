import type { ArchitectureName } from '../../lib/architecture.ts';
import type { Digest } from '../../lib/digest.ts';
import { verificationError } from '../../lib/errors.ts';
import { runStep } from '../../progress/step.ts';
import type { StoreOptions } from '../../publish/store-environment.ts';
import { openObjectStore } from '../../publish/stores.ts';
import { requireStreamOf } from '../../publish/stream-metadata/require-stream.ts';
import { describeContainer } from '../../workspace/disk-images/source-container.ts';
import type { Session } from '../../workspace/session.ts';
import { type PublishResult, publish } from './publish.ts';
import { promotedContainer, requireTests } from './release/promoted-container.ts';
import { readReleaseSettings } from './release/release-settings.ts';
import { planVersionTag, setVersionTag, type VersionTag } from './release/version-tag.ts';
import { documentKeys, type UpdatedStream, updateStream } from './stream-update.ts';

export interface ReleaseOptions {
  /** Where the command runs: disk images go to `images/VERSION/` of it. */
  directory: string;
  /** URL of the object store. */
  store: string;
  options: StoreOptions;
  /** Reference of the container; the stream's tag in the work directory unless given. */
  from?: string | undefined;
  architecture?: ArchitectureName | undefined;
  /** That of the container unless given. */
  stream?: string | undefined;
  /** Names of platforms; those of the container's release.json, else of its image.json, unless given. */
  platforms: readonly string[];
  /** Signs what is published. */
  gpgKey?: string | undefined;
  allowDowngrade: boolean;
  /** Only say what would be done. */
  dryRun: boolean;
}

/** A disk image of a release. */
interface ReleaseImage {
  platform: string;
  format: string;
  /** True if it was there already. */
  present: boolean;
}

/** Which disk images of which container. */
interface ImagesRequest {
  directory: string;
  from: string;
  architecture: ArchitectureName | undefined;
  platforms: readonly string[];
  compress: 'auto';
}

/** How disk images are made: what belongs to containers' disks is not known here. */
export interface ImageMaker {
  plan(session: Session, request: ImagesRequest): Promise<readonly ReleaseImage[]>;
  make(session: Session, request: ImagesRequest): Promise<{ container: { digest: Digest } }>;
}

export interface Release {
  stream: string;
  version: string;
  architecture: string;
  container: Digest;
  images: readonly ReleaseImage[];
  /** `undefined` where it is only said what would be done, and images are to be made first. */
  published: PublishResult | undefined;
  tag: VersionTag;
  /** Keys of the documents that change, or would. */
  documents: readonly string[];
  /** `undefined` where it is only said what would be done, and images are to be published first. */
  metadata: UpdatedStream | undefined;
}

/**
 * Releases a promoted container: makes its disk images, publishes them, gives the container the tag of its version, and lets
 * the stream have it. Each step finds what is done already, so a release that was killed at any moment goes on when it is
 * asked for again, and one that is whole changes nothing. Whatever would be refused in the end is refused before anything is made.
 * @throws CosaError `RELEASE_MOVED` (exit 4) if the reference names another container meanwhile; what `promotedContainer`,
 *   `requireTests`, `publish` and `updateStream` throw
 */
export async function release(session: Session, maker: ImageMaker, options: ReleaseOptions): Promise<Release> {
  const { directory, store: url, dryRun, allowDowngrade, gpgKey } = options;
  const found = await runStep(session, 'look at the container and the stream', () => prepare(session, maker, options));
  const { container, version, request, images, tag } = found;
  const { digest } = container.image.descriptor;
  const { stream } = container;
  const publication = {
    directory,
    store: url,
    options: options.options,
    from: container.reference.place.format({ digest }),
    architecture: options.architecture,
    stream,
    platforms: images.map(({ platform }) => platform),
    gpgKey,
    dryRun,
  };
  const update = { directory, store: url, options: options.options, stream, version, allowDowngrade, dryRun };
  const { architecture } = found;
  const described = { stream, version, architecture, container: digest, images, tag };

  if (dryRun) {
    const published = images.every(({ present }) => present) ? await publish(session, publication) : undefined;
    const isPublished = published?.changed === false;
    const metadata = isPublished ? await updateStream(session, update) : undefined;
    const documents = metadata === undefined ? documentKeys({ stream, version }) : changedKeys(metadata);
    return { ...described, published, documents, metadata };
  }

  const made = await maker.make(session, request);
  requireSame(made.container.digest, digest, container.from);
  const published = await publish(session, publication);
  if (tag.changed) await runStep(session, `tag ${tag.reference}`, () => setVersionTag(session, container, version));
  const metadata = await updateStream(session, update);
  return { ...described, published, documents: changedKeys(metadata), metadata };
}

async function prepare(session: Session, maker: ImageMaker, options: ReleaseOptions) {
  const { directory, from, architecture, stream, allowDowngrade } = options;
  const container = await promotedContainer(session, { directory, from, architecture, stream });
  const { reader } = container.reference;
  const settings = await readReleaseSettings(reader, container.image, session.signal);
  await requireTests(container, settings.require);
  const platforms = options.platforms.length > 0 ? options.platforms : (settings.platforms ?? []);
  const request: ImagesRequest = { directory, from: container.from, architecture, platforms, compress: 'auto' };
  const { name, version, architecture: built } = describeContainer(container.image);
  const images = await maker.plan(session, request);
  const tag = await planVersionTag(container, version);
  await using store = await openObjectStore(options.store, options.options, session);
  await requireStreamOf(
    store,
    {
      stream: container.stream,
      version,
      product: name,
      architecture: built,
      platforms: images.map(({ platform }) => platform),
      allowDowngrade,
    },
    session.signal,
  );
  return { container, version, architecture: built, request, images, tag };
}

function requireSame(made: Digest, digest: Digest, from: string): void {
  if (made === digest) return;
  throw verificationError('RELEASE_MOVED', `${from} was moved meanwhile, from ${digest} to ${made}`, {
    hint: 'look at what it points to now, then run the command again',
  });
}

function changedKeys({ documents }: UpdatedStream): string[] {
  return documents.filter(({ changed }) => changed).map(({ key }) => key);
}
