import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BufferPool } from '../../lib/buffer-pool.ts';
import type { Digest } from '../../lib/digest.ts';
import { CosaError, verificationError } from '../../lib/errors.ts';
import { ifExists } from '../../lib/if-exists.ts';
import { isDiskImage } from '../../oci/disk-image.ts';
import { fileChunks, openRegularFile } from '../../oci/file-content.ts';
import type { ContentReader } from '../../oci/store.ts';
import type { Descriptor } from '../../oci/types.ts';
import { verified } from '../../oci/verified.ts';
import type { RecordedDiskImage } from '../images-in.ts';
import { type DiskImageManifest, diskImageManifest } from './manifest.ts';

/** A container's place with disk images beside it that lie in files: whoever copies from it copies them with the container. */
export interface DiskImageSource {
  reader: ContentReader;
  /** One for each image, in their order. */
  manifests: readonly DiskImageManifest[];
}

/**
 * Puts disk images beside their container as referrers, without storing anything. Files are verified while they are read.
 * Disk images that refer to the container in its own place are left out: those are others.
 * @param subject the container's manifest
 */
export function diskImageSource(
  reader: ContentReader,
  subject: Descriptor,
  images: readonly RecordedDiskImage[],
): DiskImageSource {
  const manifests = images.map(({ record, recordText }) => diskImageManifest(record, recordText, subject));
  const texts = new Map<Digest, string>();
  const files = new Map<Digest, string>();
  for (const [index, { path, record, recordText }] of images.entries()) {
    const { descriptor, text, config, layers } = manifests[index] as DiskImageManifest;
    texts.set(descriptor.digest, text).set(config.digest, recordText);
    for (const [part, { name }] of record.files.entries()) {
      files.set((layers[part] as Descriptor).digest, join(dirname(path), name));
    }
  }

  async function* readText(text: string): AsyncGenerator<Buffer> {
    yield Buffer.from(text);
  }

  return {
    manifests,
    reader: {
      ...reader,
      readBlob(descriptor, signal, buffers) {
        const text = texts.get(descriptor.digest);
        if (text !== undefined) return verified(readText(text), descriptor, 'the record');
        const file = files.get(descriptor.digest);
        return file === undefined
          ? reader.readBlob(descriptor, signal, buffers)
          : readImageFile(file, descriptor, signal, buffers);
      },
      async hasBlob(digest, size) {
        const file = files.get(digest);
        if (texts.has(digest) || (file !== undefined && (await ifExists(stat(file))) !== undefined)) return true;
        return reader.hasBlob(digest, size);
      },
      async resolveDigest(digest) {
        return (
          manifests.find(({ descriptor }) => descriptor.digest === digest)?.descriptor ?? reader.resolveDigest(digest)
        );
      },
      async referrers(digest, artifactType) {
        const others = await reader.referrers(digest, artifactType);
        if (digest !== subject.digest) return others;
        const own = manifests.map(({ descriptor }) => descriptor);
        return [
          ...others.filter((descriptor) => !isDiskImage(descriptor)),
          ...own.filter((descriptor) => artifactType === undefined || descriptor.artifactType === artifactType),
        ];
      },
    },
  };
}

/** @throws CosaError `DISK_IMAGE_CHANGED`, `BLOB_NOT_A_FILE` (exit 4) */
async function* readImageFile(
  path: string,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
  buffers: BufferPool | undefined,
): AsyncGenerator<Buffer> {
  await using handle = await openRegularFile(path);
  const { size } = await handle.stat();
  if (size !== descriptor.size) throw changed(path, `it has ${size} bytes, and not ${descriptor.size}`);
  try {
    yield* verified(fileChunks(handle, size, signal, buffers), descriptor, path);
  } catch (error) {
    if (!(error instanceof CosaError) || !['BLOB_SIZE_MISMATCH', 'BLOB_DIGEST_MISMATCH'].includes(error.code))
      throw error;
    throw changed(path, `its digest is not ${descriptor.digest}`, error);
  }
}

function changed(path: string, reason: string, cause?: unknown): CosaError {
  return verificationError('DISK_IMAGE_CHANGED', `${path} is not what its record says: ${reason}`, {
    hint: 'make it anew: cosa image build',
    cause,
  });
}
