import { stat } from 'node:fs/promises';
import { pathPlace, pathTransport } from './paths.ts';

/** A tar archive of an OCI layout: `oci-archive:FILE[:TAG|@DIGEST]`. */
export const ociArchive = pathTransport({
  name: 'oci-archive',
  form: 'oci-archive:FILE[:TAG]',
  isPlace: (file) =>
    stat(file).then(
      (stats) => stats.isFile(),
      () => false,
    ),
  placeAt: (file) => ({
    ...pathPlace(ociArchive.name, file),
    // Archives are seldom, and take modules that others need not load.
    open: async () => (await import('../archive.ts')).openArchive(file),
    openForWriting: async () => (await import('../archive.ts')).openArchiveForWriting(file),
    missingCode: 'ARCHIVE_MISSING',
  }),
});
