import { verificationError } from '../../../lib/errors.ts';
import { isTag } from '../../../oci/tag.ts';
import { imageManifests } from '../../../workspace/containers/images.ts';
import type { Session } from '../../../workspace/session.ts';
import type { PromotedContainer } from './promoted-container.ts';

export interface VersionTag {
  /** The tag as a whole reference; `undefined` for a version that cannot be one. */
  reference: string | undefined;
  /** False if it is there. */
  changed: boolean;
}

/**
 * Looks whether a container has the tag of its version, beside that of its stream.
 * @throws CosaError `TAG_MOVED` (exit 4) if another container has it: a version is one container, for ever
 */
export async function planVersionTag(
  { reference, image }: Pick<PromotedContainer, 'reference' | 'image'>,
  version: string,
): Promise<VersionTag> {
  if (!isTag(version)) return { reference: undefined, changed: false };
  const name = reference.place.format({ tag: version });
  const tagged = await reference.reader.resolveTag(version);
  if (tagged === undefined) return { reference: name, changed: true };
  const { digest } = image.descriptor;
  const images = await imageManifests(reference.reader, tagged);
  if (images.some((manifest) => manifest.digest === digest)) return { reference: name, changed: false };
  throw verificationError('TAG_MOVED', `${name} is another container, ${tagged.digest}: ${digest} is not released`, {
    hint: 'two builds have the same version: build again, under another one',
  });
}

/**
 * Gives a container the tag of its version, if nobody has it.
 * @throws CosaError `TAG_MOVED` (exit 4)
 */
export async function setVersionTag(
  session: Session,
  { reference }: PromotedContainer,
  version: string,
): Promise<void> {
  await using store = await reference.place.openForWriting(session.registries);
  await store.setTags([version], reference.descriptor, new Map([[version, undefined]]));
}
