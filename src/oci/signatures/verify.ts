import type { Digest } from '../../lib/digest.ts';
import type { ContentReader } from '../store.ts';
import { type FoundSignature, findSignatures, type RefusedSignature, reasonOr, type SignatureKind } from './find.ts';
import { isSignedBy, type VerificationKey } from './keys.ts';

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
    const result = await reasonOr(() => judge(signature, subject, expectation));
    if (typeof result === 'string') refused.push({ kind, digest, fault: 'format', reason: result });
    else if ('fault' in result) refused.push({ kind, digest, ...result });
    else good.push({ kind, digest, ...result });
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
