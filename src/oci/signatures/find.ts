import { decodeBase64 } from '../../lib/base64.ts';
import type { Digest } from '../../lib/digest.ts';
import { CosaError } from '../../lib/errors.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { attempt } from '../attempt.ts';
import { readManifest } from '../image.ts';
import type { ContentReader } from '../store.ts';
import type { Descriptor } from '../types.ts';
import { readSmallBlob } from '../verified.ts';
import { readAttachment, signatureAnnotation } from './attachment.ts';
import {
  type Bundle,
  bundleMediaType,
  maximumBundleBytes,
  parseBundle,
  parseStatement,
  readStatement,
  signaturePredicate,
} from './bundle.ts';
import { maximumSignatureCharacters } from './keys.ts';
import { maximumPayloadBytes, parseSimpleSigning, simpleSigningMediaType } from './simple-signing.ts';

export type SignatureKind = 'attachment' | 'bundle';

/** A signature that lies beside an image. Nothing of it is trusted yet. */
export interface FoundSignature {
  kind: SignatureKind;
  /** Digest of its payload, or of the bundle's manifest: names it in messages. */
  digest: Digest;
  /** What the signature is over. */
  signedBytes: Buffer;
  signature: Buffer;
  /**
   * What it says; to be asked once the signature is known to be good.
   * @throws CosaError `SIGNATURE_INVALID` (exit 4)
   */
  claim: () => { digests: readonly string[]; identity?: string };
}

/** A signature that cannot be used, and why. */
export interface RefusedSignature {
  kind: SignatureKind;
  digest: Digest | undefined;
  fault: 'format' | 'key' | 'digest' | 'identity';
  reason: string;
}

/** No more of a kind are read: anybody who may write to the place could make every check endless. */
const maximumSignatures = 100;

/** They are small: most of the time goes by waiting for a registry. */
const readsAtOnce = 8;

type Finding = FoundSignature | RefusedSignature;

/**
 * Reads all signatures of an image: the attachment that every tool knows, and sigstore's bundles.
 * What is malformed becomes a reason; only what the place itself fails at is thrown.
 */
export async function findSignatures(
  reader: ContentReader,
  subject: Digest,
): Promise<{ found: FoundSignature[]; refused: RefusedSignature[] }> {
  const findings = [...(await attachedSignatures(reader, subject)), ...(await bundledSignatures(reader, subject))];
  return {
    found: findings.filter((finding): finding is FoundSignature => !('fault' in finding)),
    refused: findings.filter((finding) => 'fault' in finding),
  };
}

async function attachedSignatures(reader: ContentReader, subject: Digest): Promise<Finding[]> {
  const { value: attachment, reason } = await attempt(() => readAttachment(reader, subject));
  if (reason !== undefined) return [malformedSignature('attachment', undefined, reason)];
  const layers = attachment?.manifest.layers.filter(({ mediaType }) => mediaType === simpleSigningMediaType) ?? [];
  return readEach('attachment', layers, (layer) => readAttached(reader, layer));
}

/** Attestations are bundles, too, and say nothing of whether the image itself is signed. */
async function bundledSignatures(reader: ContentReader, subject: Digest): Promise<Finding[]> {
  const { bundles, refused } = await findBundles(reader, subject);
  const signatures = bundles.filter(({ predicateType }) => predicateType === signaturePredicate);
  return [
    ...refused,
    ...signatures.map(({ digest, signedBytes, signature, payload }): FoundSignature => {
      return { kind: 'bundle', digest, signedBytes, signature, claim: () => ({ digests: parseStatement(payload) }) };
    }),
  ];
}

/** A bundle that lies beside an image. Nothing of it is trusted yet. */
export interface FoundBundle extends Bundle {
  /** Of its manifest. */
  digest: Digest;
  /** What kind of statement it holds, by its own word; a statement that cannot be read counts as a signature's. */
  predicateType: string;
}

/** Reads all bundles of an image. What is malformed becomes a reason; only what the place itself fails at is thrown. */
export async function findBundles(
  reader: ContentReader,
  subject: Digest,
): Promise<{ bundles: FoundBundle[]; refused: RefusedSignature[] }> {
  const referrers = await reader.referrers(subject, bundleMediaType);
  const findings = await readEach('bundle', referrers, (referrer) => readBundle(reader, referrer));
  return {
    bundles: findings.filter((finding): finding is FoundBundle => !('fault' in finding)),
    refused: findings.filter((finding) => 'fault' in finding),
  };
}

async function readEach<Found extends object>(
  kind: SignatureKind,
  descriptors: readonly Descriptor[],
  read: (descriptor: Descriptor) => Promise<Found>,
): Promise<(Found | RefusedSignature)[]> {
  const left = descriptors.length - maximumSignatures;
  const unread = `${left} more are not read: at most ${maximumSignatures} are`;
  const findings = await mapParallel(
    descriptors.slice(0, maximumSignatures),
    async (descriptor) => {
      const found = await attempt(() => read(descriptor));
      if (found.reason === undefined) return found.value;
      return malformedSignature(kind, descriptor.digest, found.reason);
    },
    readsAtOnce,
  );
  return left > 0 ? [malformedSignature(kind, undefined, unread), ...findings] : findings;
}

function malformedSignature(kind: SignatureKind, digest: Digest | undefined, reason: string): RefusedSignature {
  return { kind, digest, fault: 'format', reason };
}

async function readAttached(reader: ContentReader, layer: Descriptor): Promise<FoundSignature> {
  const text = layer.annotations?.[signatureAnnotation];
  if (text === undefined) throw malformed(`it has no annotation ${signatureAnnotation}`);
  const signature = text.length > maximumSignatureCharacters ? undefined : decodeBase64(text);
  if (signature === undefined) throw malformed('its signature is not base64');
  const payload = await readSmallBlob(reader, layer, maximumPayloadBytes);
  return {
    kind: 'attachment',
    digest: layer.digest,
    signedBytes: payload,
    signature,
    claim: () => {
      const { digest, identity } = parseSimpleSigning(payload);
      return { digests: [digest], identity };
    },
  };
}

async function readBundle(reader: ContentReader, referrer: Descriptor): Promise<FoundBundle> {
  const { layers } = await readManifest(reader, referrer);
  const layer = layers.find(({ mediaType }) => mediaType === bundleMediaType);
  if (layer === undefined) throw malformed('its manifest holds no bundle');
  const bundle = parseBundle((await readSmallBlob(reader, layer, maximumBundleBytes)).toString());
  const { value: statement } = await attempt(() => readStatement(bundle.payload));
  return { ...bundle, digest: referrer.digest, predicateType: statement?.predicateType ?? signaturePredicate };
}

function malformed(reason: string): CosaError {
  return new CosaError('SIGNATURE_INVALID', reason);
}
