import { type CosaError, verificationError } from '../lib/errors.ts';
import { readIndex } from '../oci/image.ts';
import { formatImageName, type ImageName } from '../oci/image-name.ts';
import type { OpenedReference } from '../oci/open.ts';
import { enforce, type Refusal } from '../oci/signatures/enforce.ts';
import type { RefusedSignature } from '../oci/signatures/find.ts';
import { requirementsFor } from '../oci/signatures/policy.ts';
import type { GoodSignature } from '../oci/signatures/verify.ts';
import { type Descriptor, mediaTypes } from '../oci/types.ts';
import { runStep } from '../progress/step.ts';
import { findPolicy, type PolicyFile, policyKeys } from './policy-file.ts';
import type { Session } from './session.ts';
import { signHint } from './sign-hint.ts';

/** How an image was admitted. */
export interface Admission {
  /** The policy's file; `undefined` if there is no policy. */
  policy: string | undefined;
  /** The part of the policy that counts. */
  section: string | undefined;
  /** Those that the policy asked for. */
  signatures: readonly GoodSignature[];
}

/** Refused signatures that an error lists. */
const shownReasons = 5;

/**
 * Lets an image pass only if the policy in force accepts it: that of the work directory, else the user's, else the
 * system's. To be called before anything of the image is used, with the manifest that will be: of an index, that of the
 * platform, as podman and skopeo do. An index vouches for nothing.
 * @param work whose `policy.json` holds
 * @param image descriptor of the image's manifest
 * @throws CosaError `SIGNATURE_REQUIRED`, `POLICY_REJECTED`, `POLICY_UNSUPPORTED` (exit 4), `POLICY_INVALID`,
 *   `KEY_MISSING`, `KEY_INVALID` (exit 2), what the reader throws
 */
export async function admitImage(
  session: Session,
  work: { root: string },
  reference: OpenedReference,
  image: Descriptor,
): Promise<Admission> {
  const policy = await findPolicy(work.root);
  if (policy === undefined) return { policy: undefined, section: undefined, signatures: [] };
  return admitUnder(session, policy, reference, image);
}

/**
 * As {@link admitImage}, for every image that a reference names: for what is passed on whole.
 * @param policy `undefined` accepts everything
 * @returns the signatures of all
 */
export async function admitEveryImage(
  session: Session,
  policy: PolicyFile | undefined,
  reference: OpenedReference,
): Promise<Admission> {
  let section: string | undefined;
  const signatures: GoodSignature[] = [];
  if (policy === undefined) return { policy: undefined, section, signatures };
  for (const image of await imagesOf(reference)) {
    const admission = await admitUnder(session, policy, reference, image);
    section = admission.section;
    signatures.push(...admission.signatures);
  }
  return { policy: policy.path, section, signatures };
}

/** All that somebody may come to run. An index without any has to be admitted itself. */
async function imagesOf({ reader, descriptor }: OpenedReference): Promise<readonly Descriptor[]> {
  if (descriptor.mediaType !== mediaTypes.index) return [descriptor];
  const { manifests } = await readIndex(reader, descriptor);
  // Build tools put attestations into an index, for a platform that does not exist.
  const images = manifests.filter(({ platform }) => platform?.os !== 'unknown');
  return images.length === 0 ? [descriptor] : images;
}

async function admitUnder(
  session: Session,
  policy: PolicyFile,
  reference: OpenedReference,
  image: Descriptor,
): Promise<Admission> {
  const { place, selector } = reference;
  const name = place.imageName?.(selector);
  const { requirements, section } = requirementsFor(policy, place.transport, await place.policyScopes(selector));
  const check = () =>
    enforce(requirements, { reader: reference.reader, digest: image.digest, name }, (requirement) =>
      policyKeys(policy, requirement),
    );
  const admit = async () => {
    const result = await check();
    if ('refusal' in result) throw refused(result.refusal, { policy, section, reference, image, name });
    return { policy: policy.path, section, signatures: result.signatures };
  };
  // A step only where there is something to do: most policies accept anything.
  if (!requirements.some(({ type }) => type === 'sigstoreSigned')) return admit();
  return runStep(session, 'check signatures', async (reporter) => {
    const admission = await admit();
    reporter.note([...new Set(admission.signatures.map(({ key }) => `by ${key}`))].join(', '));
    return admission;
  });
}

interface Circumstances {
  policy: PolicyFile;
  section: string;
  reference: OpenedReference;
  image: Descriptor;
  name: ImageName | undefined;
}

function refused(refusal: Refusal, { policy, section, reference, image, name }: Circumstances): CosaError {
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
  { name: asked, place }: OpenedReference,
  name: ImageName | undefined,
): string {
  const wrongName = refused.some(({ kind, fault }) => kind === 'attachment' && fault === 'identity');
  if (wrongName && name !== undefined) {
    const identity = formatImageName(name.digest === undefined ? name : { repository: name.repository, tag: 'TAG' });
    return `sign it under the name that the policy asks for (--identity ${identity}), or let the policy accept any tag: "signedIdentity": {"type": "matchRepository"}`;
  }
  if (name === undefined && signedIdentity.type.startsWith('match')) {
    return `an image in ${place.transport}: has no name: let the policy say it, with "signedIdentity": {"type": "exactRepository", …}`;
  }
  return signHint(asked, place);
}

/** What was found, a line each. */
export function reasonLines(refused: readonly RefusedSignature[]): string[] {
  const lines = refused.slice(0, shownReasons).map(({ kind, digest, reason }) => {
    const subject = digest === undefined ? `${kind}s` : `${kind} ${digest}`;
    return `  ${subject}: ${reason}`;
  });
  const more = refused.length - lines.length;
  return more > 0 ? [...lines, `  and ${more} more`] : lines;
}
