import { admitImage } from './policy.ts';
import { type ResolvedImage, resolveImage } from './resolve-image.ts';
import type { Session } from './session.ts';

/**
 * As {@link resolveImage}, for commands that use the image, and not only look at it: the policy in force must accept it.
 * @throws CosaError what {@link resolveImage} and {@link admitImage} throw
 */
export async function resolveAdmittedImage(
  session: Session,
  directory: string,
  from: string | undefined,
): Promise<ResolvedImage> {
  const resolved = await resolveImage(session, directory, from);
  await admitImage(session, resolved.work, resolved.reference, resolved.image.descriptor);
  return resolved;
}
