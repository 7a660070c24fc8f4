import type { OpenedReference } from '../oci/open.ts';
import type { Descriptor } from '../oci/types.ts';
import { admitEveryImage, admitImage } from './policy.ts';
import type { PolicyFile } from './policy-file.ts';
import type { Session } from './session.ts';

declare const isAdmitted: unique symbol;

/**
 * A reference to an image that the policy in force accepts. Only this file makes one: what uses an image, and does not
 * only look at it, asks for this type, so that nobody forgets the policy and nobody asks it twice.
 */
export interface AdmittedReference extends OpenedReference {
  readonly [isAdmitted]: true;
}

/**
 * Admits one image of what a reference names.
 * @param image descriptor of the manifest that will be used: of an index, that of the platform
 * @returns the reference to that image alone
 * @throws CosaError what {@link admitImage} throws
 */
export async function admitReference(
  session: Session,
  work: { root: string },
  opened: OpenedReference,
  image: Descriptor,
): Promise<AdmittedReference> {
  await admitImage(session, work, opened, image);
  return { ...opened, descriptor: image } as AdmittedReference;
}

/**
 * Admits every image that a reference names: an index that is passed on is more than the image for this machine.
 * @param policy `undefined` accepts everything
 * @throws CosaError what {@link admitEveryImage} throws
 */
export async function admitWhole(
  session: Session,
  policy: PolicyFile | undefined,
  opened: OpenedReference,
): Promise<AdmittedReference> {
  await admitEveryImage(session, policy, opened);
  return opened as AdmittedReference;
}
