import { digestHex } from '../../lib/digest.ts';
import type { OpenedReference } from '../../oci/open.ts';
import { parseReference } from '../../oci/reference.ts';

/** The tag by which a reference names its image; `undefined` for a digest alone, and for a place with just one image. */
export function sourceTag({ name, place, descriptor }: OpenedReference): string | undefined {
  const reference = parseReference(name);
  const tag = reference.name ?? reference.tag ?? (reference.digest === undefined ? place.defaultTag : undefined);
  // A digest may be shortened wherever a tag may stand.
  return tag === undefined || digestHex(descriptor.digest).startsWith(tag.replace(/^sha256:/, '')) ? undefined : tag;
}
