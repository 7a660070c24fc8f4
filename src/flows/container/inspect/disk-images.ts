import type { OfferedDiskImage } from '../../../disk/distribution/offered.ts';
import { provenancePredicate, readProvenance } from '../../../disk/distribution/provenance.ts';
import { readDiskImage, type StoredFile } from '../../../disk/distribution/read.ts';
import type { Digest } from '../../../lib/digest.ts';
import { mapParallel } from '../../../lib/parallel.ts';
import { attempt } from '../../../oci/attempt.ts';
import { claimedStatements, isAbout } from '../../../oci/signatures/attestations.ts';
import { findBundles, findSignatures, type SignatureKind } from '../../../oci/signatures/find.ts';
import type { ContentReader } from '../../../oci/store.ts';

/** What a disk image in a registry says of itself. */
export interface InspectedDiskImage {
  platform: string | undefined;
  /** As OCI spells it. */
  architecture: string | undefined;
  /** With its compressor: `qcow2.xz`. */
  format: string;
  /** Of its manifest. */
  digest: Digest;
  /** Of the container that it was made of, as far as it says. */
  container: Digest | undefined;
  files: readonly { role: StoredFile['role']; name: string; digest: Digest; size: number }[];
  /** Bytes of its files; `undefined` for one that cannot be read. */
  size: number | undefined;
  /** Found, and not verified. */
  signatures: readonly { kind: SignatureKind; digest: Digest }[];
  /** What it was made of and by whom, as somebody has signed it: not verified. */
  provenance: { builder: string; dependencies: readonly string[] } | undefined;
}

/** As many manifests are read at once: registries are waited for, most of the time. */
const readsAtOnce = 8;

/** Reads disk images, and nothing of their files. What cannot be read has its reason, and keeps nobody from the rest. */
export async function inspectDiskImages(
  reader: ContentReader,
  offered: readonly OfferedDiskImage[],
): Promise<{ images: readonly InspectedDiskImage[]; remarks: readonly string[] }> {
  const remarks: string[] = [];
  const images = await mapParallel(
    offered,
    async (image) => {
      const inspected = await attempt(() => inspectOne(reader, image));
      if (inspected.reason === undefined) return inspected.value;
      remarks.push(inspected.reason);
      const { platform, architecture, format, descriptor } = image;
      return { ...unread, platform, architecture, format, digest: descriptor.digest };
    },
    readsAtOnce,
  );
  return { images, remarks };
}

const unread = { container: undefined, files: [], size: undefined, signatures: [], provenance: undefined };

async function inspectOne(reader: ContentReader, offered: OfferedDiskImage): Promise<InspectedDiskImage> {
  const { platform, architecture, format, descriptor, subject, files } = await readDiskImage(reader, offered);
  const { digest } = descriptor;
  const { found } = await findSignatures(reader, digest);
  const { bundles } = await findBundles(reader, digest);
  const statements = await claimedStatements(bundles, provenancePredicate);
  const provenance = statements
    .filter((statement) => isAbout(statement, digest))
    .map(readProvenance)
    .find((summary) => summary !== undefined);
  return {
    platform,
    architecture,
    format,
    digest,
    container: subject?.digest,
    files: files.map(({ role, name, blob }) => ({ role, name, digest: blob.digest, size: blob.size })),
    size: files.reduce((sum, { blob }) => sum + blob.size, 0),
    signatures: found.map((signature) => ({ kind: signature.kind, digest: signature.digest })),
    provenance: provenance && { builder: provenance.builder, dependencies: provenance.dependencies },
  };
}
