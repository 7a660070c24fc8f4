import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { labelNames } from '../../contract/labels.ts';
import { candidateTag } from '../../contract/tags.ts';
import { type ArchitectureName, hostArchitecture } from '../../lib/architecture.ts';
import type { Digest } from '../../lib/digest.ts';
import { usageError, verificationError } from '../../lib/errors.ts';
import { ifExists } from '../../lib/if-exists.ts';
import { type Image, labelOf, readImage } from '../../oci/image.ts';
import { openReference } from '../../oci/open.ts';
import { platformFor } from '../../oci/platform.ts';
import { admitImage } from '../../oci/policy.ts';
import { isTag } from '../../oci/tag.ts';
import type { Session } from '../../workspace/session.ts';
import { bringIn, type Transferred } from '../../workspace/transfer.ts';
import { streamOfContainer } from '../../workspace/upstream.ts';
import type { WorkDirectory } from '../../workspace/work-directory.ts';

export interface ImportOptions {
  /** Where the command runs; paths start there. */
  directory: string;
  /** A reference, or the path of an OCI archive or layout. */
  source: string;
  /** The build's version, for a container that does not say it; else it must be that. */
  version?: string | undefined;
  /** Which image of several; this machine's unless given. */
  architecture?: ArchitectureName | undefined;
  /** The digest that its manifest must have, where somebody has said so. */
  expected?: Digest | undefined;
  /** Let a version become another container. */
  force: boolean;
}

export interface ImportedBuild extends Transferred {
  version: string;
  /** Whose candidate it is now; `undefined` if nothing tells. */
  stream: string | undefined;
}

/**
 * Brings an operating system's container into a work directory's `oci/`, whoever made it, as a build of its version: with
 * that tag, and as the candidate of its stream, so that other commands find it as they find what was built here. What
 * refers to it comes along.
 * @throws CosaError `IMPORT_KIND`, `MANIFEST_DIGEST_MISMATCH`, `VERSION_MISSING`, `VERSION_INVALID`, what `openReference`, `readImage`, `admitImage` and `bringIn`
 *   throw
 */
export async function importContainer(
  session: Session,
  work: WorkDirectory,
  options: ImportOptions,
): Promise<ImportedBuild> {
  const { directory, source, architecture = hostArchitecture().name, force } = options;
  const name = (await fileReference(resolve(directory, source))) ?? source;
  const opened = await openReference(name, work.root, session.registries);
  const image = await readImage(opened.reader, opened.descriptor, platformFor(architecture));
  if (options.expected !== undefined && image.descriptor.digest !== options.expected) {
    throw verificationError(
      'MANIFEST_DIGEST_MISMATCH',
      `${source} holds the container ${image.descriptor.digest}, and should hold ${options.expected}`,
    );
  }
  requireSystem(image, source);
  const version = versionFor(image, source, options.version);
  const stream = streamOfContainer(image, name) ?? work.settings.stream;
  const { reference } = await admitImage(session, work.root, opened, image.descriptor);
  const tags = stream === undefined ? [version] : [version, candidateTag(stream)];
  return { ...(await bringIn(session, work, reference, { tags, extent: 'everything', force })), version, stream };
}

/** The reference of an archive or a layout that somebody names by its path alone. */
async function fileReference(path: string): Promise<string | undefined> {
  const stats = await ifExists(stat(path));
  if (stats?.isFile()) return `oci-archive:${path}`;
  return stats?.isDirectory() ? `oci:${path}` : undefined;
}

/** @throws CosaError `IMPORT_KIND` (exit 4) */
function requireSystem(image: Image, source: string): void {
  const isSystem = [labelNames.bootc, labelNames.bootable, labelNames.commit].some(
    (label) => labelOf(image, label) !== undefined,
  );
  if (isSystem) return;
  throw verificationError('IMPORT_KIND', `${source} (${image.descriptor.digest}) is no operating system`, {
    hint: `it has none of the labels ${labelNames.bootc} and ${labelNames.commit}; to have it here all the same: cosa pull`,
  });
}

/** @throws CosaError `VERSION_MISSING`, `VERSION_INVALID` (exit 2) */
function versionFor(image: Image, source: string, given: string | undefined): string {
  const own = labelOf(image, labelNames.version);
  if (own !== undefined && given !== undefined && own !== given) {
    throw usageError('VERSION_INVALID', `${source} has the version ${own}, and not ${given}`, {
      hint: `a container keeps its version; name it otherwise with a tag: cosa tag ${own} ${given}`,
    });
  }
  const version = own ?? given;
  if (version === undefined) {
    throw usageError('VERSION_MISSING', `${source} does not say its version`, {
      hint: 'give it one: --version VERSION',
    });
  }
  if (isTag(version)) return version;
  throw usageError('VERSION_INVALID', `${source} has a version that cannot be a tag: ${JSON.stringify(version)}`, {
    hint: `bring it here under a tag of your own: cosa pull --tag TAG ${source}`,
  });
}
