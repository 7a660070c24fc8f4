import type { Digest } from '../lib/digest.ts';
import { attempt } from './attempt.ts';
import { addSignature } from './signatures/attachment.ts';
import { attachBundle, makeBundle } from './signatures/bundle.ts';
import { type FoundSignature, findSignatures, type RefusedSignature, type SignatureKind } from './signatures/find.ts';
import { isSignedBy, type SigningKey, signBytes, type VerificationKey } from './signatures/keys.ts';
import { simpleSigningPayload } from './signatures/simple-signing.ts';
import type { ContentReader, ContentStore } from './store.ts';
import type { Descriptor } from './types.ts';

/** A signature of an image by an accepted key. */
export interface GoodSignature {
  kind: SignatureKind;
  /** Digest of its payload, or of the bundle's manifest. */
  digest: Digest;
  /** Name of the key that made it. */
  key: string;
  /** The name that the image was signed under. A bundle has none. */
  identity: string | undefined;
}

export interface SignatureExpectation {
  /** Each signature must be by one of them. */
  keys: readonly VerificationKey[];
  /** Says why a name under which the image was signed is not accepted; every name is, and none, unless given. */
  refuseIdentity?: ((identity: string) => string | undefined) | undefined;
}

export interface SignatureFindings {
  good: readonly GoodSignature[];
  refused: readonly RefusedSignature[];
}

/**
 * Checks every signature of an image: made by an accepted key over its payload, for exactly this digest, under an
 * accepted name. A result without a good signature is no error.
 * @param subject of the manifest or index
 * @throws CosaError what the reader throws when it fails, as opposed to what it reads
 */
export async function checkSignatures(
  reader: ContentReader,
  subject: Digest,
  expectation: SignatureExpectation,
): Promise<SignatureFindings> {
  const { found, refused } = await findSignatures(reader, subject);
  const good: GoodSignature[] = [];
  for (const signature of found) {
    const { kind, digest } = signature;
    const { value: verdict, reason } = await attempt(() => judge(signature, subject, expectation));
    if (verdict === undefined) refused.push({ kind, digest, fault: 'format', reason });
    else if ('fault' in verdict) refused.push({ kind, digest, ...verdict });
    else good.push({ kind, digest, ...verdict });
  }
  return { good, refused };
}

type Verdict = Pick<GoodSignature, 'key' | 'identity'> | Pick<RefusedSignature, 'fault' | 'reason'>;

function judge(signature: FoundSignature, subject: Digest, { keys, refuseIdentity }: SignatureExpectation): Verdict {
  const key = keys.find((candidate) => isSignedBy(candidate, signature.signedBytes, signature.signature));
  if (key === undefined) {
    return { fault: 'key', reason: `it was not made with ${keys.map(({ name }) => name).join(' or ')}` };
  }
  const { digests, identity } = signature.claim();
  if (!digests.includes(subject)) {
    return { fault: 'digest', reason: `it is for ${digests.length === 0 ? 'no digest' : digests.join(', ')}` };
  }
  if (refuseIdentity !== undefined) {
    // A bundle says nothing of the name: with it, any image of the key could stand for this one.
    const reason = identity === undefined ? 'it names no image, only a digest' : refuseIdentity(identity);
    if (reason !== undefined) return { fault: 'identity', reason };
  }
  return { key: key.name, identity };
}

/**
 * Signs a manifest or index in both forms: the attachment, which names the image, and the bundle. What the key has
 * signed already is not signed again.
 * @param identity the name in the attachment: `registry.example.com/os/example`, with or without a tag
 * @param shared as in {@link addSignature}
 * @returns true if something was added
 * @throws CosaError what {@link addSignature} and the store throw
 */
export async function signDescriptor(
  store: ContentStore,
  subject: Descriptor,
  { key, identity, shared }: { key: SigningKey; identity: string; shared: boolean },
): Promise<boolean> {
  const { good } = await checkSignatures(store, subject.digest, { keys: [key] });
  const attached = good.some((signature) => signature.identity === identity);
  const bundled = good.some(({ kind }) => kind === 'bundle');
  if (!attached) {
    const payload = simpleSigningPayload({ digest: subject.digest, identity });
    const signature = signBytes(key, payload).toString('base64');
    await addSignature(store, subject.digest, { payload, signature }, shared);
  }
  if (!bundled) await attachBundle(store, subject, makeBundle(key, subject.digest));
  return !(attached && bundled);
}
