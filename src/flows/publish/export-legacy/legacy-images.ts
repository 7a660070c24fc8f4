import { dirname, join } from 'node:path';
import { type RecordedDiskImage, recordedImagesIn } from '../../../disk/images-in.ts';
import { imageForm } from '../../../disk/platforms/image-form.ts';
import { platforms } from '../../../disk/platforms.ts';
import type { RecordedFile } from '../../../disk/record.ts';
import type { Digest } from '../../../lib/digest.ts';
import { isKeyPart } from '../../../publish/keys.ts';
import type { LegacyArtifact } from '../../../publish/legacy/meta.ts';

/** A file that goes beside a record, and what the record says of it. */
export interface LegacyFile {
  /** Upstream's name of what it is: `qemu`, `live-kernel`. */
  artifact: string;
  /** Where it lies, absolute. */
  path: string;
  entry: LegacyArtifact & { size: number };
}

/**
 * The disk images of a container in a work directory, as upstream's records name them. Of a platform they hold one image:
 * the compressed one, where there are several. Customized copies are none of them.
 * @param images where the images of all versions lie, in a directory each
 */
export async function legacyImages(
  images: string,
  container: { digest: Digest; version: string },
): Promise<readonly LegacyFile[]> {
  if (!isKeyPart(container.version)) return [];
  const found = await recordedImagesIn(join(images, container.version), container.digest);
  const chosen = new Map<string, LegacyFile>();
  for (const image of found.filter(({ record }) => record.customized === undefined).sort(uncompressedFirst)) {
    for (const file of image.record.files) {
      const artifact = artifactName(image, file);
      chosen.set(artifact, {
        artifact,
        path: join(dirname(image.path), file.name),
        entry: entryOf(image, file),
      });
    }
  }
  return [...chosen.values()];
}

/** Of several, the last one stays. */
function uncompressedFirst(a: RecordedDiskImage, b: RecordedDiskImage): number {
  return Number(isCompressed(a)) - Number(isCompressed(b));
}

function isCompressed({ record }: RecordedDiskImage): boolean {
  return record.files.some((file) => file['uncompressed-sha256'] !== undefined);
}

/** A platform's own name; of what is booted over a network, each file has one. */
function artifactName({ record }: RecordedDiskImage, { role }: RecordedFile): string {
  return role === 'disk' ? record.platform : `live-${role}`;
}

function entryOf({ record }: RecordedDiskImage, file: RecordedFile): LegacyFile['entry'] {
  const form = platforms.find(({ name }) => name === record.platform)?.image;
  return {
    path: file.name,
    sha256: file.sha256,
    size: file.size,
    ...(file['uncompressed-sha256'] === undefined ? {} : { 'uncompressed-sha256': file['uncompressed-sha256'] }),
    ...(file['uncompressed-size'] === undefined ? {} : { 'uncompressed-size': file['uncompressed-size'] }),
    // Upstream's "cosa compress" and "cosa decompress" leave it as it is.
    ...(form !== undefined && imageForm(form).isCompressed ? { 'skip-compression': true } : {}),
  };
}
