import { resolve } from 'node:path';
import { namedDiskImages, type OfferedDiskImage } from '../../disk/distribution/offered.ts';
import { provenancePredicate, readProvenance, refuseProvenance } from '../../disk/distribution/provenance.ts';
import { readDiskImage } from '../../disk/distribution/read.ts';
import type { Digest } from '../../lib/digest.ts';
import { type CosaError, usageError, verificationError } from '../../lib/errors.ts';
import { readIndex } from '../../oci/image.ts';
import { parseImageName } from '../../oci/image-name.ts';
import { type OpenedReference, openReference } from '../../oci/open.ts';
import type { Place } from '../../oci/place.ts';
import { findPolicy, readPolicy } from '../../oci/policy/find.ts';
import { admitEveryImage } from '../../oci/policy.ts';
import { checkAttestations } from '../../oci/signatures/attestations.ts';
import type { RefusedSignature } from '../../oci/signatures/find.ts';
import { type IdentityRule, refuseIdentity } from '../../oci/signatures/identity.ts';
import { readKeyFile } from '../../oci/signatures/key-files.ts';
import type { VerificationKey } from '../../oci/signatures/keys.ts';
import { reasonLines, signHint } from '../../oci/signatures/messages.ts';
import { checkSignatures, type GoodSignature } from '../../oci/signatures.ts';
import type { ContentReader } from '../../oci/store.ts';
import { type Descriptor, mediaTypes } from '../../oci/types.ts';
import { runStep } from '../../progress/step.ts';
import { workDirectoryFor } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';

export interface VerifyOptions {
  /** Where the command runs; relative paths start there. */
  directory: string;
  reference: string;
  /** File with a public key, by which it must be signed. */
  key?: string | undefined;
  /** With a key: the name that it must have been signed under. */
  identity?: string | undefined;
  /** A policy file; that in force unless this or a key is given. */
  policy?: string | undefined;
}

export interface VerifiedImage {
  digest: Digest;
  /** Those that were accepted. */
  signatures: readonly GoodSignature[];
  /** With a key, of disk images: what was signed of them, too. */
  diskImages?: readonly VerifiedDiskImage[] | undefined;
  /** The policy's file that accepted it, and the part of it that counts; not with a key. */
  policy?: string | undefined;
  section?: string | undefined;
}

/**
 * Checks a container's signatures: by a key, or as a policy wants it. With a key it is what the reference names that
 * must be signed, as cosign has it; of an index of disk images, each of them and its provenance. Under a policy it is every
 * image that the reference names.
 * @throws CosaError `SIGNATURE_REQUIRED`, `POLICY_REJECTED`, `POLICY_UNSUPPORTED` (exit 4), `POLICY_MISSING`,
 *   `POLICY_INVALID`, `KEY_MISSING`, `KEY_INVALID`, `IDENTITY_INVALID` (exit 2), what `openReference` throws
 */
export async function verifyImage(session: Session, options: VerifyOptions): Promise<VerifiedImage> {
  const { directory, key, identity, policy } = options;
  const work = await workDirectoryFor(directory, options.reference);
  const reference = await openReference(options.reference, work.root, session.registries);
  return key === undefined
    ? verifyByPolicy(session, reference, policy === undefined ? work.root : { file: resolve(directory, policy) })
    : verifyByKey(session, reference, resolve(directory, key), identity);
}

/** A disk image whose signature and provenance are good. */
interface VerifiedDiskImage {
  platform: string | undefined;
  digest: Digest;
  /** The container that it was made of. */
  container: Digest | undefined;
  /** Who made it, by the word of the key's owner. */
  builder: string;
}

async function verifyByKey(
  session: Session,
  { reader, descriptor, name, place }: OpenedReference,
  file: string,
  identity: string | undefined,
): Promise<VerifiedImage> {
  const keys = [await readKeyFile(file)];
  const rule = identity === undefined ? undefined : identityRule(identity);
  const expectation = {
    keys,
    refuseIdentity: rule === undefined ? undefined : (signed: string) => refuseIdentity(rule, undefined, signed),
  };
  const disks = await namedDiskImages(reader, descriptor);
  // An index of disk images vouches for nothing, since builders of other platforms add to it: each image must be signed. One
  // that names something else, too, must be signed itself.
  const subjects = disks.map((disk) => disk.descriptor.digest);
  if (disks.length === 0 || disks.length < (await countNamed(reader, descriptor))) subjects.unshift(descriptor.digest);
  return runStep(session, 'check signatures', async (reporter) => {
    const signatures: GoodSignature[] = [];
    const diskImages: VerifiedDiskImage[] = [];
    for (const digest of subjects) {
      const { good, refused } = await checkSignatures(reader, digest, expectation);
      if (good.length === 0) throw unsigned(`${name} (${digest})`, 'signature', file, refused, signHint(name, place));
      signatures.push(...good);
    }
    for (const offered of disks) diskImages.push(await verifyProvenance(reader, offered, { name, place, file, keys }));
    reporter.note(`${signatures.length} good`);
    return { digest: descriptor.digest, signatures, ...(disks.length > 0 ? { diskImages } : {}) };
  });
}

async function countNamed(reader: ContentReader, descriptor: Descriptor): Promise<number> {
  return descriptor.mediaType === mediaTypes.index ? (await readIndex(reader, descriptor)).manifests.length : 1;
}

async function verifyProvenance(
  reader: ContentReader,
  offered: OfferedDiskImage,
  { name, place, file, keys }: { name: string; place: Place; file: string; keys: readonly VerificationKey[] },
): Promise<VerifiedDiskImage> {
  const image = await readDiskImage(reader, offered);
  const { digest } = image.descriptor;
  const expectation = { predicateType: provenancePredicate, keys };
  const { good, refused } = await checkAttestations(reader, digest, expectation);
  const reasons = [...refused];
  for (const attestation of good) {
    const reason = refuseProvenance(attestation.statement, image);
    const provenance = readProvenance(attestation.statement);
    if (reason === undefined && provenance !== undefined) {
      return { platform: image.platform, digest, container: image.subject?.digest, builder: provenance.builder };
    }
    reasons.push({ kind: 'bundle', digest: attestation.digest, fault: 'digest', reason: reason ?? '' });
  }
  throw unsigned(`disk image ${digest} of ${name}`, 'provenance', file, reasons, signHint(name, place));
}

function unsigned(
  what: string,
  kind: 'signature' | 'provenance',
  file: string,
  refused: readonly RefusedSignature[],
  hint: string,
): CosaError {
  const found = refused.length === 0 ? `has no ${kind}` : `has no ${kind} made with ${file} that will do`;
  return verificationError('SIGNATURE_REQUIRED', [`${what} ${found}`, ...reasonLines(refused)].join('\n'), { hint });
}

function identityRule(text: string): IdentityRule {
  const name = parseImageName(text);
  if (name === undefined || name.digest !== undefined) {
    throw usageError('IDENTITY_INVALID', `"${text}" is not a name to sign under`, {
      hint: 'write HOST/REPOSITORY or HOST/REPOSITORY:TAG',
    });
  }
  return name.tag === undefined
    ? { type: 'exactRepository', dockerRepository: text }
    : { type: 'exactReference', dockerReference: text };
}

async function verifyByPolicy(
  session: Session,
  reference: OpenedReference,
  where: string | { file: string },
): Promise<VerifiedImage> {
  const { digest } = reference.descriptor;
  const policy = typeof where === 'string' ? await findPolicy(where) : await readPolicy(where.file);
  if (policy === undefined) {
    throw usageError('POLICY_MISSING', `nothing says how ${reference.name} must be signed: there is no policy.json`, {
      hint: 'give a key, with --key FILE',
    });
  }
  const { signatures, section } = await admitEveryImage(session, policy, reference);
  return { digest, signatures, policy: policy.path, section };
}
