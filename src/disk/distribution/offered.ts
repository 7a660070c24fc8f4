import { diskAnnotations } from '../../contract/labels.ts';
import { architectureCalled } from '../../lib/architecture.ts';
import type { Digest } from '../../lib/digest.ts';
import { verificationError } from '../../lib/errors.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { attempt } from '../../oci/attempt.ts';
import { diskImageFormat } from '../../oci/disk-image.ts';
import { chooseImage, readIndex, readManifest } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';
import { type Descriptor, mediaTypes, type Platform } from '../../oci/types.ts';

/** A disk image as a list names it, not read yet. */
export interface OfferedDiskImage {
  /** Of its manifest. */
  descriptor: Descriptor;
  /** What it is for, as far as it says. */
  platform: string | undefined;
  /** As OCI spells it, as far as it says. */
  architecture: string | undefined;
  /** With its compressor: `qcow2.xz`. */
  format: string;
}

/** More than there are platforms, formats and architectures; a hostile list has no end. */
const maximumDiskImages = 1000;
/** Registries are waited for, most of the time. */
const readsAtOnce = 8;

/**
 * The disk images that a reference offers: those of an index; of a container those that refer to it; or the one that it
 * names itself. Of an index of containers, those of the one that is for a platform.
 * @throws CosaError `DISK_IMAGES_TOO_MANY` (exit 4), what `chooseImage` and the reader throw
 */
export async function offeredDiskImages(
  reader: ContentReader,
  descriptor: Descriptor,
  platform: Platform,
): Promise<readonly OfferedDiskImage[]> {
  const named = await namedDiskImages(reader, descriptor);
  if (named.length > 0) return named;
  return referringDiskImages(reader, (await chooseImage(reader, descriptor, platform)).digest);
}

/**
 * The disk images that a descriptor names itself: those of an index, or the one that it is; none of a container.
 * @throws CosaError `DISK_IMAGES_TOO_MANY` (exit 4), what the reader throws
 */
export async function namedDiskImages(
  reader: Pick<ContentReader, 'readBlob'>,
  descriptor: Descriptor,
): Promise<readonly OfferedDiskImage[]> {
  if (descriptor.mediaType === mediaTypes.index) {
    return bounded(diskImagesIn((await readIndex(reader, descriptor)).manifests));
  }
  if (descriptor.mediaType !== mediaTypes.manifest) return [];
  const { artifactType, annotations } = await readManifest(reader, descriptor);
  return diskImagesIn([{ ...descriptor, artifactType, annotations }]);
}

/** The disk images that refer to a container, one by one or in an index. Errors as {@link offeredDiskImages}. */
export async function referringDiskImages(
  reader: ContentReader,
  subject: Digest,
): Promise<readonly OfferedDiskImage[]> {
  const referrers = await reader.referrers(subject);
  const listed = bounded(diskImagesIn(referrers));
  // A registry need not list annotations.
  return mapParallel(listed, (offered) => withOwnWords(reader, offered), readsAtOnce);
}

async function withOwnWords(reader: ContentReader, offered: OfferedDiskImage): Promise<OfferedDiskImage> {
  if (offered.platform !== undefined) return offered;
  // Anybody may leave one that cannot be read: it keeps nobody from the others.
  const { value } = await attempt(() => readManifest(reader, offered.descriptor));
  if (value === undefined) return offered;
  const { artifactType, annotations } = value;
  return diskImagesIn([{ ...offered.descriptor, artifactType, annotations }])[0] ?? offered;
}

/** Those of some descriptors that are disk images, as far as they say. */
export function diskImagesIn(descriptors: readonly Descriptor[]): OfferedDiskImage[] {
  return descriptors.flatMap((descriptor) => {
    const format = diskImageFormat(descriptor);
    if (format === undefined || descriptor.mediaType !== mediaTypes.manifest) return [];
    const { platform, annotations } = descriptor;
    const architecture = platform?.architecture ?? annotations?.[diskAnnotations.architecture];
    return [
      {
        descriptor,
        platform: platform?.os ?? annotations?.[diskAnnotations.platform],
        // Some pipelines write what uname says.
        architecture: architecture && (architectureCalled(architecture)?.oci ?? architecture),
        format,
      },
    ];
  });
}

function bounded(offered: readonly OfferedDiskImage[]): readonly OfferedDiskImage[] {
  if (offered.length <= maximumDiskImages) return offered;
  throw verificationError(
    'DISK_IMAGES_TOO_MANY',
    `there are ${offered.length} disk images; at most ${maximumDiskImages} are looked at`,
    { hint: 'name one by its digest' },
  );
}
