import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Place } from '../place.ts';
import { pathPlace, pathTransport } from './paths.ts';

/** The directory of an OCI layout: `oci:DIR[:TAG|@DIGEST]`. */
export const oci = pathTransport({
  name: 'oci',
  form: 'oci:DIR[:TAG|@DIGEST]',
  isPlace: (directory) =>
    access(join(directory, 'oci-layout')).then(
      () => true,
      () => false,
    ),
  placeAt: layoutPlace,
});

/** @param directory absolute */
export function layoutPlace(directory: string): Place {
  return {
    ...pathPlace(oci.name, directory),
    // What a command does not need, it does not load.
    open: async () => (await import('../layout.ts')).openLayout(directory),
    openForWriting: async () => (await import('../layout.ts')).openLayoutForWriting(directory),
    missingCode: 'LAYOUT_MISSING',
    layout: directory,
  };
}
