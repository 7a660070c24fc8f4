import type { Descriptor } from './types.ts';

/**
 * How the type of a disk image's manifest begins; the format with its compressor follows, as a file name ends. Build
 * pipelines of CoreOS systems and `podman manifest add --artifact-type` use the same.
 */
const typePrefix = 'application/vnd.diskimage.';

/** The artifact type of a disk image: of `qcow2.xz`, `application/vnd.diskimage.qcow2.xz`. */
export function diskImageType(format: string): string {
  return `${typePrefix}${format}`;
}

/** The format that an artifact type names; `undefined` for what is no disk image. */
export function diskImageFormat({ artifactType }: Pick<Descriptor, 'artifactType'>): string | undefined {
  return artifactType?.startsWith(typePrefix) === true ? artifactType.slice(typePrefix.length) : undefined;
}

/** True for a disk image, as a list of referrers or an index names it. */
export function isDiskImage(descriptor: Pick<Descriptor, 'artifactType'>): boolean {
  return diskImageFormat(descriptor) !== undefined;
}
