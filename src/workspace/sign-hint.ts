import type { Place } from '../oci/place.ts';

/** A hint that names the command which signs an image: outside of a registry, nothing else tells under which name. */
export function signHint(reference: string, { imageName }: Place): string {
  const identity = imageName !== undefined ? '' : ' --identity HOST/REPOSITORY';
  return `sign it with "cosa sign --key FILE${identity} ${reference}"`;
}
