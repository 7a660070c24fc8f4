import type { Digest } from '../../lib/digest.ts';
import { maximumManifestBytes, parseIndex } from '../../oci/schemas.ts';
import { findSignatures, type SignatureKind } from '../../oci/signatures/find.ts';
import type { ContentReader } from '../../oci/store.ts';
import { type Descriptor, mediaTypes } from '../../oci/types.ts';
import { readSmallBlob } from '../../oci/verified.ts';
import { sbomFormats } from '../../packages/sbom/formats.ts';

/** What lies beside a container, sorted by what it is for. */
export interface BesideContainer {
  /** Found, and not verified. */
  signatures: readonly { kind: SignatureKind; digest: Digest }[];
  /** Lists of its packages. */
  sboms: readonly { format: string; digest: Digest }[];
  /** Disk images that were made of it. */
  diskImages: readonly { platform: string | undefined; type: string; digest: Digest }[];
  /** All of its referrers: test results too. */
  referrers: readonly Descriptor[];
}

/** `application/vnd.diskimage.qcow2`. */
const diskImagePrefix = 'application/vnd.diskimage.';

/** Reads what refers to a container: of each kind what it is, and nothing of its content. */
export async function readBeside(reader: ContentReader, subject: Digest): Promise<BesideContainer> {
  const referrers = await reader.referrers(subject);
  const { found } = await findSignatures(reader, subject);
  return {
    signatures: found.map(({ kind, digest }) => ({ kind, digest })),
    sboms: referrers.flatMap(({ artifactType, digest }) => {
      const format = sbomFormats.find(({ mediaType }) => mediaType === artifactType);
      return format === undefined ? [] : [{ format: format.title, digest }];
    }),
    diskImages: (await Promise.all(referrers.map((referrer) => diskImagesOf(reader, referrer)))).flat(),
    referrers,
  };
}

/** A disk image alone, or an index of them. */
async function diskImagesOf(reader: ContentReader, referrer: Descriptor) {
  const entries = referrer.mediaType === mediaTypes.index ? await entriesOf(reader, referrer) : [referrer];
  return entries.flatMap(({ artifactType, platform, digest }) =>
    artifactType?.startsWith(diskImagePrefix) === true
      ? [{ platform: platform?.os, type: artifactType.slice(diskImagePrefix.length), digest }]
      : [],
  );
}

async function entriesOf(reader: ContentReader, descriptor: Descriptor): Promise<readonly Descriptor[]> {
  const bytes = await readSmallBlob(reader, descriptor, maximumManifestBytes);
  return parseIndex(bytes.toString(), `index ${descriptor.digest}`).manifests;
}
