import { sortByBytes } from '../../lib/order.ts';
import { type BuildName, buildFileKey, versionPrefix } from '../keys.ts';
import type { PublishedFile, PublishedImages } from '../published-images.ts';
import type { Artifact, ContainerReference, Formats, ImageFormat } from './artifact.ts';
import { type Author, dated } from './changed-document.ts';
import { mediaName } from './media-name.ts';
import { requireProduct, requireStream } from './product.ts';
import type { Release, ReleaseArchitecture, ReleasePlatform } from './release.ts';

/** What is published of one architecture of a version. */
export interface PublishedBuild {
  images: PublishedImages;
  /** Where its container lies, if in a registry. */
  container: ContainerReference | undefined;
}

/** Where published objects are found by others: without a final slash. */
export interface PublicPlace {
  baseUrl: string;
}

/** The address of an object. */
export function addressOf({ baseUrl }: PublicPlace, key: string): string {
  return `${baseUrl}/${key.split('/').map(encodeURIComponent).join('/')}`;
}

/**
 * The metadata of a version: what was there, with what is published of some of its architectures. Kept is what others have
 * written: fields that we do not know, other architectures, what is registered with clouds, images that lie elsewhere.
 * @param builds one or more, all of one stream and version
 * @throws CosaError `STREAM_OTHER_PRODUCT` (exit 4)
 */
export function mergeRelease(
  current: Release | undefined,
  builds: readonly [PublishedBuild, ...PublishedBuild[]],
  place: PublicPlace,
  author: Author,
): Release {
  const [{ images }] = builds;
  const { name, stream, version } = images;
  if (current !== undefined) {
    requireStream(current, stream);
    for (const architecture of Object.values(current.architectures)) {
      for (const media of Object.values(architecture.media)) {
        requireProduct(media?.artifacts ?? {}, current.release, name);
      }
    }
  }
  const architectures = { ...current?.architectures };
  for (const build of builds) {
    const { architecture } = build.images;
    architectures[architecture] = mergeArchitecture(architectures[architecture], build, place);
  }
  return dated(current, { ...current, release: version, stream, metadata: current?.metadata, architectures }, author);
}

function mergeArchitecture(
  current: ReleaseArchitecture | undefined,
  { images, container }: PublishedBuild,
  place: PublicPlace,
): ReleaseArchitecture {
  const published = formatsByPlatform(images, place);
  const media: Record<string, ReleasePlatform | null> = {};
  for (const platform of sortByBytes(new Set([...Object.keys(current?.media ?? {}), ...published.keys()]))) {
    const before = current?.media[platform];
    const formats = published.get(platform);
    const kept = keptFormats(before?.artifacts, images, place);
    if (before === null && formats === undefined) media[platform] = null;
    else media[platform] = { ...before, artifacts: { ...kept, ...mergeFormats(before?.artifacts, formats ?? {}) } };
  }
  return {
    ...current,
    commit: images.container['ostree-commit'],
    ...(container === undefined ? {} : { 'oci-image': { ...current?.['oci-image'], ...container } }),
    media,
  };
}

/** What is not where we publish: somebody else's. Of ours, what is published now counts. */
function keptFormats(formats: Formats | undefined, build: BuildName, place: PublicPlace): Formats {
  const ours = addressOf(place, versionPrefix(build));
  const isOurs = (image: ImageFormat) =>
    [image.disk, image.kernel, image.initramfs, image.rootfs].some((part) => part?.location.startsWith(ours));
  return Object.fromEntries(Object.entries(formats ?? {}).filter(([, image]) => !isOurs(image)));
}

/** Formats with the fields of those that were there which we do not know. */
export function mergeFormats(current: Formats | undefined, formats: Formats): Formats {
  return Object.fromEntries(
    Object.entries(formats).map(([format, image]) => [format, mergeImage(current?.[format], image)]),
  );
}

function mergeImage(current: ImageFormat | undefined, image: ImageFormat): ImageFormat {
  const { disk, kernel, initramfs, rootfs, ...unknown } = current ?? {};
  const before = { disk, kernel, initramfs, rootfs };
  const parts = Object.entries(image).map(([part, artifact]) => {
    const {
      location,
      signature,
      sha256,
      'uncompressed-sha256': uncompressed,
      ...others
    } = before[part as keyof typeof before] ?? {};
    return [part, { ...others, ...(artifact as Artifact) }];
  });
  return { ...unknown, ...(Object.fromEntries(parts) as ImageFormat) };
}

function formatsByPlatform(build: PublishedImages, place: PublicPlace): Map<string, Formats> {
  const platforms = new Map<string, Formats>();
  for (const { platform, format, files } of build.images) {
    const name = mediaName(platform, format);
    const image = Object.fromEntries(files.map((file) => [file.role, artifactOf(build, file, place)]));
    platforms.set(name.platform, { ...platforms.get(name.platform), [name.format]: image });
  }
  return platforms;
}

function artifactOf(build: BuildName, file: PublishedFile, place: PublicPlace): Artifact {
  const { name, sha256, signature, 'uncompressed-sha256': uncompressed } = file;
  return {
    location: addressOf(place, buildFileKey(build, name)),
    ...(signature === undefined ? {} : { signature: addressOf(place, buildFileKey(build, signature)) }),
    sha256,
    ...(uncompressed === undefined ? {} : { 'uncompressed-sha256': uncompressed }),
  };
}
