import type { Digest } from '../../lib/digest.ts';
import { digestHex } from '../../lib/digest.ts';
import { attempt } from '../attempt.ts';
import type { ContentReader } from '../store.ts';
import { readStatement, type Statement } from './bundle.ts';
import { type FoundBundle, findBundles, type RefusedSignature } from './find.ts';
import { isSignedBy, type VerificationKey } from './keys.ts';

/** A statement about an image that an accepted key has signed. */
export interface GoodAttestation {
  /** Of the bundle's manifest. */
  digest: Digest;
  /** Name of the key that made it. */
  key: string;
  statement: Statement;
}

/**
 * Checks the attestations of an image that are of one kind: made by an accepted key, and about exactly this digest. A
 * result without a good one is no error.
 * @param subject of the manifest
 * @throws CosaError what the reader throws when it fails, as opposed to what it reads
 */
export async function checkAttestations(
  reader: ContentReader,
  subject: Digest,
  { predicateType, keys }: { predicateType: string; keys: readonly VerificationKey[] },
): Promise<{ good: readonly GoodAttestation[]; refused: readonly RefusedSignature[] }> {
  const { bundles } = await findBundles(reader, subject);
  const good: GoodAttestation[] = [];
  const refused: RefusedSignature[] = [];
  for (const bundle of bundles.filter((found) => found.predicateType === predicateType)) {
    const refuse = (fault: RefusedSignature['fault'], reason: string) =>
      refused.push({ kind: 'bundle', digest: bundle.digest, fault, reason });
    const key = keys.find((candidate) => isSignedBy(candidate, bundle.signedBytes, bundle.signature));
    const { value: statement, reason = '' } = await attempt(() => readStatement(bundle.payload));
    if (key === undefined) refuse('key', `it was not made with ${keys.map(({ name }) => name).join(' or ')}`);
    else if (statement === undefined) refuse('format', reason);
    else if (!isAbout(statement, subject)) refuse('digest', 'it is about something else');
    else good.push({ digest: bundle.digest, key: key.name, statement });
  }
  return { good, refused };
}

/** True if a statement names this digest among what it is about. */
export function isAbout({ subject }: Statement, digest: Digest): boolean {
  return subject.some((about) => about.digest.sha256 === digestHex(digest));
}

/** What attestations of one kind say, by whomever: nothing of it is verified. What cannot be read is left out. */
export async function claimedStatements(
  bundles: readonly FoundBundle[],
  predicateType: string,
): Promise<readonly Statement[]> {
  const found = bundles.filter((bundle) => bundle.predicateType === predicateType);
  const read = await Promise.all(found.map((bundle) => attempt(() => readStatement(bundle.payload))));
  return read.flatMap(({ value }) => (value === undefined ? [] : [value]));
}
