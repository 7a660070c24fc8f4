import { referringDiskImages } from '../../../disk/distribution/offered.ts';
import type { Digest } from '../../../lib/digest.ts';
import { attempt } from '../../../oci/attempt.ts';
import { findSignatures, type SignatureKind } from '../../../oci/signatures/find.ts';
import type { ContentReader } from '../../../oci/store.ts';
import type { Descriptor } from '../../../oci/types.ts';
import { sbomFormats } from '../../../packages/sbom/formats.ts';
import { type InspectedDiskImage, inspectDiskImages } from './disk-images.ts';

/** What lies beside a container, sorted by what it is for. */
export interface ReferringContent {
  /** Found, and not verified. */
  signatures: readonly { kind: SignatureKind; digest: Digest }[];
  /** Lists of its packages. */
  sboms: readonly { format: string; digest: Digest }[];
  /** Disk images that were made of it. */
  diskImages: readonly InspectedDiskImage[];
  /** All of its referrers: test results too. */
  referrers: readonly Descriptor[];
  /** What of it cannot be read, and why. */
  remarks: readonly string[];
}

/** Reads what refers to a container: of each kind what it is, and nothing of its content. */
export async function readReferrers(reader: ContentReader, subject: Digest): Promise<ReferringContent> {
  const listed = await attempt(() => reader.referrers(subject));
  const referrers = listed.value ?? [];
  const { value, reason } = await attempt(() => findSignatures(reader, subject));
  const { found, refused } = value ?? { found: [], refused: [] };
  const offered = await attempt(() => referringDiskImages(reader, subject));
  const disks = await inspectDiskImages(reader, offered.value ?? []);
  return {
    signatures: found.map(({ kind, digest }) => ({ kind, digest })),
    sboms: referrers.flatMap(({ artifactType, digest }) => {
      const format = sbomFormats.find(({ mediaType }) => mediaType === artifactType);
      return format === undefined ? [] : [{ format: format.title, digest }];
    }),
    diskImages: disks.images,
    referrers,
    remarks: [
      ...[listed.reason, reason, offered.reason].filter((text) => text !== undefined),
      ...refused.map((signature) => `signature ${signature.digest ?? 'without digest'}: ${signature.reason}`),
      ...disks.remarks,
    ],
  };
}
