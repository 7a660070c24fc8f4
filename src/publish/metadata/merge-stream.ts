import { verificationError } from '../../lib/errors.ts';
import { sortByBytes } from '../../lib/order.ts';
import { type Author, dated } from './changed-document.ts';
import { cloudImages } from './cloud-images.ts';
import { mergeFormats } from './merge-release.ts';
import { requireProduct, requireStream } from './product.ts';
import type { Release, ReleaseArchitecture } from './release.ts';
import type { Stream, StreamArchitecture } from './stream.ts';
import { compareVersions } from './version-order.ts';

/** Images that a stream has of another version than the one that it moves to. */
export interface OtherRelease {
  architecture: string;
  platform: string;
  release: string;
}

export interface StreamMerge {
  /** Of the operating system, as in the names of files. */
  product: string;
  /** True if the stream may go back to an older version. */
  allowDowngrade: boolean;
}

/**
 * The metadata of a stream: what was there, moved to a version. What the version has of a platform takes the place of what
 * was there; what it lacks stays, be it architectures that are built later or fields that we do not know.
 * @throws CosaError `STREAM_OTHER_PRODUCT`, `STREAM_OLDER` (exit 4)
 */
export function mergeStream(
  current: Stream | undefined,
  release: Release,
  { product, allowDowngrade }: StreamMerge,
  author: Author,
): Stream {
  if (current !== undefined) {
    requireStream(current, release.stream);
    for (const { artifacts } of Object.values(current.architectures)) {
      for (const platform of Object.values(artifacts)) requireProduct(platform.formats, platform.release, product);
    }
    if (!allowDowngrade) refuseOlder(current, release);
  }
  const architectures = { ...current?.architectures };
  for (const [name, architecture] of Object.entries(release.architectures)) {
    architectures[name] = mergeArchitecture(architectures[name], architecture, release.release);
  }
  const { stream } = release;
  return dated(current, { ...current, stream, metadata: current?.metadata ?? {}, architectures }, author);
}

function mergeArchitecture(
  current: StreamArchitecture | undefined,
  { media }: ReleaseArchitecture,
  release: string,
): StreamArchitecture {
  const artifacts = { ...current?.artifacts };
  for (const platform of sortByBytes(Object.keys(media))) {
    const formats = media[platform]?.artifacts ?? {};
    if (Object.keys(formats).length === 0) continue;
    const before = artifacts[platform];
    artifacts[platform] = { ...before, release, formats: mergeFormats(before?.formats, formats) };
  }
  const images = { ...current?.images, ...cloudImages(current?.images, media, release) };
  return {
    ...current,
    artifacts,
    ...(current?.images === undefined && Object.keys(images).length === 0 ? {} : { images }),
  };
}

/** @throws CosaError `STREAM_OLDER` (exit 4) */
function refuseOlder(current: Stream, { release, stream, architectures }: Release): void {
  const newer = otherReleases(current, release).find(
    (other) =>
      architectures[other.architecture]?.media[other.platform]?.artifacts !== undefined &&
      compareVersions(other.release, release) > 0,
  );
  if (newer === undefined) return;
  throw verificationError(
    'STREAM_OLDER',
    `the stream ${stream} has ${newer.platform} for ${newer.architecture} of version ${newer.release}, which is newer than ${release}`,
    { hint: 'to go back to the older version on purpose, run the command with --allow-downgrade' },
  );
}

/** What a stream has of other versions than this one. */
export function otherReleases(stream: Stream, release: string): OtherRelease[] {
  return Object.entries(stream.architectures).flatMap(([architecture, { artifacts }]) =>
    Object.entries(artifacts).flatMap(([platform, image]) =>
      image.release === release ? [] : [{ architecture, platform, release: image.release }],
    ),
  );
}
