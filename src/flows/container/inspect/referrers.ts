import type { Digest } from '../../../lib/digest.ts';
import { mapParallel } from '../../../lib/parallel.ts';
import { attempt } from '../../../oci/attempt.ts';
import { readIndex } from '../../../oci/image.ts';
import { findSignatures, type SignatureKind } from '../../../oci/signatures/find.ts';
import type { ContentReader } from '../../../oci/store.ts';
import { type Descriptor, mediaTypes } from '../../../oci/types.ts';
import { sbomFormats } from '../../../packages/sbom/formats.ts';

/** What lies beside a container, sorted by what it is for. */
export interface ReferringContent {
  /** Found, and not verified. */
  signatures: readonly { kind: SignatureKind; digest: Digest }[];
  /** Lists of its packages. */
  sboms: readonly { format: string; digest: Digest }[];
  /** Disk images that were made of it. */
  diskImages: readonly { platform: string | undefined; type: string; digest: Digest }[];
  /** All of its referrers: test results too. */
  referrers: readonly Descriptor[];
  /** What of it cannot be read, and why. */
  remarks: readonly string[];
}

/** `application/vnd.diskimage.qcow2`. */
const diskImagePrefix = 'application/vnd.diskimage.';

/** Reads what refers to a container: of each kind what it is, and nothing of its content. */
export async function readReferrers(reader: ContentReader, subject: Digest): Promise<ReferringContent> {
  const listed = await attempt(() => reader.referrers(subject));
  const referrers = listed.value ?? [];
  const { value, reason } = await attempt(() => findSignatures(reader, subject));
  const { found, refused } = value ?? { found: [], refused: [] };
  const diskImages = await mapParallel(referrers, (referrer) => attempt(() => diskImagesOf(reader, referrer)));
  return {
    signatures: found.map(({ kind, digest }) => ({ kind, digest })),
    sboms: referrers.flatMap(({ artifactType, digest }) => {
      const format = sbomFormats.find(({ mediaType }) => mediaType === artifactType);
      return format === undefined ? [] : [{ format: format.title, digest }];
    }),
    diskImages: diskImages.flatMap((images) => images.value ?? []),
    referrers,
    remarks: [
      ...[listed.reason, reason].filter((text) => text !== undefined),
      ...refused.map((signature) => `signature ${signature.digest ?? 'without digest'}: ${signature.reason}`),
      ...diskImages.flatMap((images) => images.reason ?? []),
    ],
  };
}

/** A disk image alone, or an index of them. */
async function diskImagesOf(reader: ContentReader, referrer: Descriptor) {
  const entries = referrer.mediaType === mediaTypes.index ? (await readIndex(reader, referrer)).manifests : [referrer];
  return entries.flatMap(({ artifactType, platform, digest }) =>
    artifactType?.startsWith(diskImagePrefix) === true
      ? [{ platform: platform?.os, type: artifactType.slice(diskImagePrefix.length), digest }]
      : [],
  );
}
