import { type Pipeline, runStep } from '../progress/step.ts';
import { readIndex } from './image.ts';
import type { OpenedReference } from './open.ts';
import { enforce } from './policy/enforce.ts';
import { findPolicy } from './policy/find.ts';
import { refusalError } from './policy/refusal.ts';
import { requirementsFor } from './policy/requirements.ts';
import type { Policy } from './policy/schema.ts';
import type { GoodSignature } from './signatures.ts';
import { type Descriptor, mediaTypes } from './types.ts';

declare const isAdmitted: unique symbol;

/**
 * A reference to an image that the policy in force accepts. Only this file makes one: what uses an image, and does not
 * only look at it, asks for this type, so that nobody forgets the policy and nobody asks it twice.
 */
export interface AdmittedReference extends OpenedReference {
  readonly [isAdmitted]: true;
}

/** How an image was admitted. */
export interface Admission {
  reference: AdmittedReference;
  /** The policy's file; `undefined` if there is no policy. */
  policy: string | undefined;
  /** The part of the policy that counts. */
  section: string | undefined;
  /** Those that the policy asked for. */
  signatures: readonly GoodSignature[];
}

/**
 * Lets an image pass only if the policy in force accepts it: that of the work directory, else the user's, else the
 * system's. To be called before anything of the image is used, with the manifest that will be: of an index, that of the
 * platform, as podman and skopeo do. An index vouches for nothing.
 * @param root the work directory whose `policy.json` holds
 * @param image descriptor of the image's manifest
 * @returns the reference to that image alone
 * @throws CosaError `SIGNATURE_REQUIRED`, `POLICY_REJECTED`, `POLICY_UNSUPPORTED` (exit 4), `POLICY_INVALID`,
 *   `KEY_MISSING`, `KEY_INVALID` (exit 2), what the reader throws
 */
export async function admitImage(
  pipeline: Pipeline,
  root: string,
  opened: OpenedReference,
  image: Descriptor,
): Promise<Admission> {
  const reference = { ...opened, descriptor: image } as AdmittedReference;
  const policy = await findPolicy(root);
  if (policy === undefined) return { reference, policy: undefined, section: undefined, signatures: [] };
  return { reference, policy: policy.path, ...(await admitUnder(pipeline, policy, opened, image)) };
}

/**
 * As {@link admitImage}, for every image that a reference names: for what is passed on whole.
 * @param policy `undefined` accepts everything
 * @returns the reference as it is, and the signatures of all images
 */
export async function admitEveryImage(
  pipeline: Pipeline,
  policy: Policy | undefined,
  opened: OpenedReference,
): Promise<Admission> {
  const reference = opened as AdmittedReference;
  let section: string | undefined;
  const signatures: GoodSignature[] = [];
  if (policy === undefined) return { reference, policy: undefined, section, signatures };
  for (const image of await imagesOf(opened)) {
    const admission = await admitUnder(pipeline, policy, opened, image);
    section = admission.section;
    signatures.push(...admission.signatures);
  }
  return { reference, policy: policy.path, section, signatures };
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
  pipeline: Pipeline,
  policy: Policy,
  reference: OpenedReference,
  image: Descriptor,
): Promise<Pick<Admission, 'section' | 'signatures'>> {
  const { reader, place, selector } = reference;
  const name = place.imageName?.(selector);
  const { requirements, section } = requirementsFor(policy, place.transport, await place.policyScopes(selector));
  const admit = async () => {
    const result = await enforce(policy, requirements, { reader, digest: image.digest, name });
    if ('refusal' in result) throw refusalError(result.refusal, { policy, section, reference, image, name });
    return { section, signatures: result.signatures };
  };
  // A step only where there is something to do: most policies accept anything.
  if (!requirements.some(({ type }) => type === 'sigstoreSigned')) return admit();
  return runStep(pipeline, 'check signatures', async (reporter) => {
    const admission = await admit();
    reporter.note([...new Set(admission.signatures.map(({ key }) => `by ${key}`))].join(', '));
    return admission;
  });
}
