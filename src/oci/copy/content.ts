import { isUtf8 } from 'node:buffer';
import type { Digest } from '../../lib/digest.ts';
import { verificationError } from '../../lib/errors.ts';
import { attempt } from '../attempt.ts';
import { maximumManifestBytes, parseIndex, parseManifest } from '../schemas.ts';
import type { ContentReader } from '../store.ts';
import { type Descriptor, mediaTypes } from '../types.ts';
import { readSmallBlob } from '../verified.ts';

/** A manifest or an index with its very bytes, and the blobs that it names itself. */
export interface ManifestContent {
  descriptor: Descriptor;
  text: string;
  blobs: readonly Descriptor[];
}

/** All manifests of one copy are held in memory: an image of 64 layers has 25 kB. */
const maximumTotalBytes = 64 * 1024 * 1024;
/** An index of indexes of images is more than anybody makes. */
const maximumDepth = 4;

/**
 * Reads manifests and indexes with everything below them, each once and in an order in which they can be stored:
 * what an index lists comes before it.
 * @param where names the source in errors
 * @param leaveOut told which roots cannot be read, and why; without it that is an error
 * @throws CosaError `MEDIA_TYPE_UNKNOWN`, `FOREIGN_LAYER`, `MANIFEST_INVALID`, `INDEX_INVALID`, `CONTENT_TOO_LARGE`
 *   (exit 4), what `readBlob` throws
 */
export async function readContent(
  reader: Pick<ContentReader, 'readBlob'>,
  roots: readonly Descriptor[],
  where: string,
  leaveOut?: (root: Descriptor, reason: string) => void,
): Promise<ManifestContent[]> {
  const contents = new Map<Digest, ManifestContent>();
  let totalBytes = 0;

  async function visit(descriptor: Descriptor, depth: number): Promise<void> {
    if (contents.has(descriptor.digest)) return;
    totalBytes += descriptor.size;
    if (depth > maximumDepth || totalBytes > maximumTotalBytes) throw tooLarge(descriptor, where);
    const bytes = await readSmallBlob(reader, descriptor, maximumManifestBytes);
    if (!isUtf8(bytes)) {
      throw verificationError('MANIFEST_INVALID', `manifest ${descriptor.digest} in ${where} is not UTF-8`);
    }
    const text = bytes.toString();
    const blobs = await below(descriptor, text, depth);
    contents.set(descriptor.digest, { descriptor, text, blobs });
  }

  async function below(descriptor: Descriptor, text: string, depth: number): Promise<readonly Descriptor[]> {
    if (descriptor.mediaType === mediaTypes.index) {
      const { manifests } = parseIndex(text, `index ${descriptor.digest}`);
      for (const child of manifests) await visit(child, depth + 1);
      return [];
    }
    if (descriptor.mediaType !== mediaTypes.manifest) throw unknownMediaType(descriptor, where);
    const { config, layers } = parseManifest(text, `manifest ${descriptor.digest}`);
    for (const layer of layers) refuseForeign(layer, where);
    return [config, ...layers];
  }

  for (const root of roots) {
    if (leaveOut === undefined) await visit(root, 0);
    else {
      const { reason } = await attempt(() => visit(root, 0));
      if (reason !== undefined) leaveOut(root, reason);
    }
  }
  return [...contents.values()];
}

/**
 * The blobs that manifests need, each once.
 * @throws CosaError `MANIFEST_INVALID` (exit 4) for a blob with two sizes: one of them would never be checked
 */
export function blobsOf(contents: Iterable<ManifestContent>): Descriptor[] {
  const blobs = new Map<Digest, Descriptor>();
  for (const { descriptor, blobs: named } of contents) {
    for (const blob of named) {
      const before = blobs.get(blob.digest);
      if (before !== undefined && before.size !== blob.size) {
        throw verificationError(
          'MANIFEST_INVALID',
          `manifest ${descriptor.digest}: blob ${blob.digest} has ${blob.size} bytes in one place, ${before.size} in another`,
        );
      }
      blobs.set(blob.digest, before ?? blob);
    }
  }
  return [...blobs.values()];
}

/** Layers whose bytes a registry must not hold: nobody but their owner serves them. */
function refuseForeign(layer: Descriptor, where: string): void {
  if (!/\.(nondistributable|foreign)\./.test(layer.mediaType)) return;
  throw verificationError(
    'FOREIGN_LAYER',
    `layer ${layer.digest} of ${where} is a foreign layer (${layer.mediaType}): it lies elsewhere and is not copied`,
    { hint: 'build the image from a base whose layers are all in the registry' },
  );
}

function unknownMediaType({ digest, mediaType }: Descriptor, where: string) {
  return verificationError(
    'MEDIA_TYPE_UNKNOWN',
    `${digest} in ${where} has the media type ${mediaType}; OCI manifests and indexes are copied`,
    { hint: 'convert the image first: skopeo copy --format oci' },
  );
}

function tooLarge({ digest }: Descriptor, where: string) {
  return verificationError(
    'CONTENT_TOO_LARGE',
    `${where}: the manifests down to ${digest} are nested deeper than ${maximumDepth} or larger than ${maximumTotalBytes} bytes together`,
  );
}
