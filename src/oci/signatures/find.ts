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
import { bundleMediaType, maximumBundleBytes, parseBundle, parseStatement } from './bundle.ts';
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

async function bundledSignatures(reader: ContentReader, subject: Digest): Promise<Finding[]> {
  const referrers = await reader.referrers(subject, bundleMediaType);
  return readEach('bundle', referrers, (referrer) => readBundle(reader, referrer));
}

async function readEach(
  kind: SignatureKind,
  descriptors: readonly Descriptor[],
  read: (descriptor: Descriptor) => Promise<FoundSignature>,
): Promise<Finding[]> {
  const left = descriptors.length - maximumSignatures;
  const unread = `${left} more are not read: at most ${maximumSignatures} are`;
  const findings = await mapParallel(
    descriptors.slice(0, maximumSignatures),
    async (descriptor) => {
      const { value: signature, reason } = await attempt(() => read(descriptor));
      return signature ?? malformedSignature(kind, descriptor.digest, reason);
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

async function readBundle(reader: ContentReader, referrer: Descriptor): Promise<FoundSignature> {
  const { layers } = await readManifest(reader, referrer);
  const layer = layers.find(({ mediaType }) => mediaType === bundleMediaType);
  if (layer === undefined) throw malformed('its manifest holds no bundle');
  const { payload, ...parts } = parseBundle((await readSmallBlob(reader, layer, maximumBundleBytes)).toString());
  return { kind: 'bundle', digest: referrer.digest, ...parts, claim: () => ({ digests: parseStatement(payload) }) };
}

function malformed(reason: string): CosaError {
  return new CosaError('SIGNATURE_INVALID', reason);
}
