// Where coreos-assembler has its records: https://github.com/coreos/coreos-assembler/blob/main/docs/design.md

/** The directory of all builds, in which the rest lies. */
export const buildsDirectory = 'builds';

/** The list of builds, in that directory. */
export const buildsListName = 'builds.json';

/** In that directory, a link to the newest build: on file systems, for object stores have none. */
export const latestName = 'latest';

/** What says of a build's files of one architecture what they are; it lies beside them. */
export const metaName = 'meta.json';

/** The directory of a build's files, below {@link buildsDirectory}. */
export function buildPath(id: string, architecture: string): string {
  return `${id}/${architecture}`;
}

/** The names of what is there of the container itself. */
export function containerFileNames({ name, id, architecture }: { name: string; id: string; architecture: string }) {
  const stem = `${name}-${id}-ostree.${architecture}`;
  return { archive: `${stem}.ociarchive`, manifest: `${stem}-manifest.json` };
}
