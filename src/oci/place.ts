import { join, resolve } from 'node:path';
import { formatReference, type Reference } from './reference.ts';

/** Where images lie: what a reference names, without the tag or digest. Paths are absolute. */
export type Place =
  | { transport: 'docker'; host: string; repository: string }
  | { transport: 'oci'; directory: string }
  | { transport: 'oci-archive'; file: string };

/** @param workDirectory where `oci/` lies, and what relative paths start from */
export function placeOf(reference: Reference, workDirectory: string): Place {
  switch (reference.transport) {
    case 'docker':
      return { transport: 'docker', host: reference.host, repository: reference.repository };
    case 'oci':
      return { transport: 'oci', directory: resolve(workDirectory, reference.directory) };
    case 'oci-archive':
      return { transport: 'oci-archive', file: resolve(workDirectory, reference.file) };
    case 'local':
      return { transport: 'oci', directory: join(workDirectory, 'oci') };
  }
}

/** A reference to one image of a place: by tag, by digest, or to the only one. */
export function formatPlace(place: Place, selector: Pick<Exclude<Reference, { name: string }>, 'tag' | 'digest'> = {}) {
  return formatReference({ ...place, ...selector });
}

export function isSamePlace(a: Place, b: Place): boolean {
  return formatPlace(a) === formatPlace(b);
}
