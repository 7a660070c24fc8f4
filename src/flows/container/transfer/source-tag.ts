import { digestHex } from '../../../lib/digest.ts';
import type { OpenedReference } from '../../../oci/open.ts';
import { parseReference } from '../../../oci/reference.ts';

/** The tag by which a reference names its image; `undefined` for a digest alone, and for a place with just one image. */
export function sourceTag({ name, descriptor }: OpenedReference): string | undefined {
  const tag = tagIn(name);
  // A digest may be shortened wherever a tag may stand.
  return tag === undefined || digestHex(descriptor.digest).startsWith(tag.replace(/^sha256:/, '')) ? undefined : tag;
}

function tagIn(name: string): string | undefined {
  const reference = parseReference(name);
  if (reference.transport === 'local') return reference.name;
  if (reference.digest !== undefined) return reference.tag;
  return reference.transport === 'docker' ? (reference.tag ?? 'latest') : reference.tag;
}
