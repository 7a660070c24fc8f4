import { docker } from './transports/docker.ts';
import { local } from './transports/local.ts';
import { oci } from './transports/oci.ts';
import { ociArchive } from './transports/oci-archive.ts';
import type { Transport } from './transports/transport.ts';

/** All that references may name: a file and a line each. The last one takes what has no prefix. */
export const transports: readonly Transport[] = [docker, oci, ociArchive, local];

export { workDirectoryPlace } from './transports/local.ts';
