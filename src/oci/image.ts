import { labelNames } from '../contract/labels.ts';
import { verificationError } from '../lib/errors.ts';
import { imagesFor, platformName } from './platform.ts';
import { maximumManifestBytes, parseImageConfig, parseIndex, parseManifest } from './schemas.ts';
import type { ContentReader } from './store.ts';
import { type Descriptor, type ImageConfig, type Index, type Manifest, mediaTypes, type Platform } from './types.ts';
import { readSmallBlob } from './verified.ts';

/** An image that was read and verified: layers not yet. */
export interface Image {
  /** The manifest's descriptor: never an index's. */
  descriptor: Descriptor;
  manifest: Manifest;
  config: ImageConfig;
}

/** A label of an image, or `undefined`. */
export function labelOf(image: Pick<Image, 'config'> | undefined, name: string): string | undefined {
  return image?.config.config?.Labels?.[name];
}

/**
 * When an image was made, in whole seconds since the epoch; 1 if it does not say, which is a time that no tool takes for
 * a missing one.
 */
export function createdAt(image: Pick<Image, 'config'>): number {
  const created = Math.floor(Date.parse(image.config.created ?? labelOf(image, labelNames.created) ?? '') / 1000);
  return Number.isSafeInteger(created) && created > 0 ? created : 1;
}

type BlobReader = Pick<ContentReader, 'readBlob'>;

/**
 * Reads and checks a manifest: of an image or of an artifact.
 * @throws CosaError `MEDIA_TYPE_UNKNOWN`, `MANIFEST_INVALID`, `BLOB_TOO_LARGE` (exit 4), what `readBlob` throws
 */
export async function readManifest(reader: BlobReader, descriptor: Descriptor): Promise<Manifest> {
  if (descriptor.mediaType !== mediaTypes.manifest) throw unknownMediaType(descriptor, 'image');
  const bytes = await readSmallBlob(reader, descriptor, maximumManifestBytes);
  return parseManifest(bytes.toString(), `manifest ${descriptor.digest}`);
}

/**
 * Reads and checks an index: of images, or of artifacts.
 * @throws CosaError `MEDIA_TYPE_UNKNOWN`, `INDEX_INVALID`, `BLOB_TOO_LARGE` (exit 4), what `readBlob` throws
 */
export async function readIndex(reader: BlobReader, descriptor: Descriptor): Promise<Index> {
  if (descriptor.mediaType !== mediaTypes.index) throw unknownMediaType(descriptor, 'index');
  const bytes = await readSmallBlob(reader, descriptor, maximumManifestBytes);
  return parseIndex(bytes.toString(), `index ${descriptor.digest}`);
}

/** {@link readIndex} or {@link readManifest}, as the descriptor says: for what both have. */
export async function readManifestOrIndex(reader: BlobReader, descriptor: Descriptor): Promise<Manifest | Index> {
  return descriptor.mediaType === mediaTypes.index ? readIndex(reader, descriptor) : readManifest(reader, descriptor);
}

/**
 * True for a layer that is a tar stream. Signatures, attestations and lists of parts, whose layers are documents, are
 * often given an image's config, since old registries took nothing else.
 */
export function isTarLayer({ mediaType }: Descriptor): boolean {
  return mediaType === mediaTypes.layer || mediaType === mediaTypes.layerGzip || mediaType === mediaTypes.layerZstd;
}

/** True for an image's manifest: an artifact may have an image's config, but nothing that could run. */
export function isImageManifest({ config, layers }: Manifest): boolean {
  return config.mediaType === mediaTypes.config && (layers.length === 0 || layers.some(isTarLayer));
}

/**
 * Reads an image's manifest and configuration, verified.
 * @param descriptor of a manifest, or of an index with one image or several platforms
 * @param platform which of an index's images; needed only where there are several
 * @throws CosaError `PLATFORM_MISSING` listing those that there are, `MEDIA_TYPE_UNKNOWN`, `CONFIG_INVALID`
 *   (exit 4), and what {@link readManifest} throws
 */
export async function readImage(reader: BlobReader, descriptor: Descriptor, platform?: Platform): Promise<Image> {
  const chosen = await chooseImage(reader, descriptor, platform);
  const manifest = await readManifest(reader, chosen);
  if (!isImageManifest(manifest)) {
    const { config, layers } = manifest;
    const why =
      config.mediaType === mediaTypes.config ? `layers are ${layers[0]?.mediaType}` : `config is ${config.mediaType}`;
    throw verificationError('NOT_AN_IMAGE', `${chosen.digest} is not a container image: its ${why}`);
  }
  const configBytes = await readSmallBlob(reader, manifest.config, maximumManifestBytes);
  const config = parseImageConfig(configBytes.toString(), `config ${manifest.config.digest}`);
  if (config.rootfs.diff_ids.length !== manifest.layers.length) {
    throw verificationError(
      'CONFIG_INVALID',
      `config ${manifest.config.digest}: ${config.rootfs.diff_ids.length} diff_ids for ${manifest.layers.length} layers`,
    );
  }
  return { descriptor: chosen, manifest, config };
}

/**
 * The one image of an index that is meant; what is no index is taken as it is, unread.
 * @param platform needed only where there are several
 * @throws CosaError `PLATFORM_MISSING` listing those that there are, `INDEX_INVALID`, `BLOB_TOO_LARGE` (exit 4)
 */
export async function chooseImage(
  reader: BlobReader,
  descriptor: Descriptor,
  platform?: Platform,
): Promise<Descriptor> {
  if (descriptor.mediaType !== mediaTypes.index) return descriptor;
  const index = await readIndex(reader, descriptor);
  const images = index.manifests.filter(isImageEntry);
  // Some tools leave the platform out of an index that has one image.
  const isOnly = images.length === 1 && images[0]?.platform === undefined;
  const matching = platform === undefined || isOnly ? images : imagesFor(platform, images);
  const [first, second] = matching;
  if (first !== undefined && second === undefined) return first;
  const expected = platform === undefined ? 'exactly one image' : `one image for ${platformName(platform)}`;
  throw verificationError(
    'PLATFORM_MISSING',
    `index ${descriptor.digest} does not hold ${expected}; it holds ${describe(index)}`,
    { hint: 'name the image that you want by its digest' },
  );
}

/**
 * True for an entry of an index that readers may choose as the image. Whoever judges an index judges all of these, and
 * so whatever a reader can come to run.
 */
export function isImageEntry({ mediaType, artifactType, platform }: Descriptor): boolean {
  // Build tools put attestations into an index, for a platform that does not exist.
  if (mediaType !== mediaTypes.manifest || platform?.os === 'unknown') return false;
  // Disk images are artifacts, for a platform such as qemu. Others look at the platform alone: what it says runs.
  return artifactType === undefined || platform?.os === 'linux';
}

/**
 * The manifests of the images that a descriptor stands for: its own, or of an index one for each platform.
 * @throws CosaError what {@link readIndex} throws
 */
export async function imageEntries(reader: BlobReader, descriptor: Descriptor): Promise<readonly Descriptor[]> {
  if (descriptor.mediaType !== mediaTypes.index) return [descriptor];
  return (await readIndex(reader, descriptor)).manifests.filter(isImageEntry);
}

function describe(index: Index): string {
  const names = index.manifests.map(({ platform, mediaType }) =>
    platform === undefined ? `${mediaType} without platform` : platformName(platform),
  );
  return names.length === 0 ? 'nothing' : names.join(', ');
}

function unknownMediaType(descriptor: Descriptor, expected: 'image' | 'index') {
  const mediaType = expected === 'image' ? mediaTypes.manifest : mediaTypes.index;
  return verificationError(
    'MEDIA_TYPE_UNKNOWN',
    `${descriptor.digest} has the media type ${descriptor.mediaType}; an ${expected} has ${mediaType}`,
    { hint: 'convert the image first: skopeo copy --format oci' },
  );
}
