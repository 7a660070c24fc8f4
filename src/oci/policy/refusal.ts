import { type CosaError, verificationError } from '../../lib/errors.ts';
import { formatImageName, type ImageName } from '../image-name.ts';
import type { OpenedReference } from '../open.ts';
import { reasonLines, signHint } from '../signatures/messages.ts';
import type { Descriptor } from '../types.ts';
import type { Refusal } from './enforce.ts';
import type { Policy } from './schema.ts';

/** An image that a policy does not admit, and the part of the policy that counts. */
export interface RefusedImage {
  policy: Policy;
  section: string;
  reference: OpenedReference;
  image: Descriptor;
  name: ImageName | undefined;
}

/** The error for an image that is not admitted: what is asked for, what was found, and what to do. */
export function refusalError(refusal: Refusal, { policy, section, reference, image, name }: RefusedImage): CosaError {
  const what = `${reference.name} (${image.digest})`;
  const rule = `${policy.path}, ${section},`;
  switch (refusal.kind) {
    case 'rejected':
      return verificationError('POLICY_REJECTED', `${what} is not admitted: ${rule} rejects it`, {
        hint: 'add its scope to "transports" there, with what it must fulfil; see containers-policy.json(5)',
      });
    case 'unsupported':
      return verificationError(
        'POLICY_UNSUPPORTED',
        `${what} is not admitted: ${rule} asks for ${refusal.what}, which cosa cannot check`,
        { hint: 'ask for sigstoreSigned with a key, in a policy.json of the work directory' },
      );
    case 'unsigned': {
      const keys = refusal.keys.map((key) => key.name).join(' or ');
      const found = refusal.refused.length === 0 ? 'it has no signature' : `none of its signatures will do`;
      return verificationError(
        'SIGNATURE_REQUIRED',
        [
          `${what} is not admitted: ${rule} asks for a signature with ${keys}; ${found}`,
          ...reasonLines(refusal.refused),
        ].join('\n'),
        { hint: unsignedHint(refusal, reference, name) },
      );
    }
  }
}

/** A signature that names the repository alone, as cosign makes them, never meets the rule that holds if none is given. */
function unsignedHint(
  { requirement: { signedIdentity }, refused }: Extract<Refusal, { kind: 'unsigned' }>,
  reference: OpenedReference,
  name: ImageName | undefined,
): string {
  const wrongName = refused.some(({ kind, fault }) => kind === 'attachment' && fault === 'identity');
  if (wrongName && name !== undefined) {
    const identity = formatImageName(name.digest === undefined ? name : { repository: name.repository, tag: 'TAG' });
    return `sign it under the name that the policy asks for (--identity ${identity}), or let the policy accept any tag: "signedIdentity": {"type": "matchRepository"}`;
  }
  if (name === undefined && signedIdentity.type.startsWith('match')) {
    return `an image in ${reference.place.transport}: has no name: let the policy say it, with "signedIdentity": {"type": "exactRepository", …}`;
  }
  return signHint(reference.name, reference.place);
}
