import type { Digest } from '../../lib/digest.ts';
import type { ImageName } from '../image-name.ts';
import type { RefusedSignature } from '../signatures/find.ts';
import { refuseIdentity } from '../signatures/identity.ts';
import type { VerificationKey } from '../signatures/keys.ts';
import { checkSignatures, type GoodSignature } from '../signatures.ts';
import type { ContentReader } from '../store.ts';
import { requirementKeys } from './requirements.ts';
import type { Policy, Requirement, SignedRequirement } from './schema.ts';

/** Why an image is not admitted. */
export type Refusal =
  | { kind: 'rejected' }
  | { kind: 'unsupported'; what: string }
  | {
      kind: 'unsigned';
      requirement: SignedRequirement;
      keys: readonly VerificationKey[];
      refused: readonly RefusedSignature[];
    };

export interface JudgedImage {
  reader: ContentReader;
  /** Of the manifest. */
  digest: Digest;
  /** The name by which it was asked for; `undefined` in a layout or archive. */
  name: ImageName | undefined;
}

/**
 * Checks an image against requirements of a policy, all of which must be met.
 * @returns the signatures that met them, or the first requirement that is not met
 * @throws CosaError what {@link requirementKeys} and the reader throw
 */
export async function enforce(
  policy: Policy,
  requirements: readonly Requirement[],
  image: JudgedImage,
): Promise<{ refusal: Refusal } | { signatures: GoodSignature[] }> {
  const signatures: GoodSignature[] = [];
  for (const requirement of requirements) {
    switch (requirement.type) {
      case 'insecureAcceptAnything':
        break;
      case 'reject':
        return { refusal: { kind: 'rejected' } };
      case 'unsupported':
        return { refusal: { kind: 'unsupported', what: requirement.what } };
      case 'sigstoreSigned': {
        const keys = await requirementKeys(policy, requirement);
        const { good, refused } = await checkSignatures(image.reader, image.digest, {
          keys,
          refuseIdentity: (signed) => refuseIdentity(requirement.signedIdentity, image.name, signed),
        });
        if (good.length === 0) return { refusal: { kind: 'unsigned', requirement, keys, refused } };
        signatures.push(...good);
      }
    }
  }
  return { signatures };
}
