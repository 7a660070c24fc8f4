import { candidateSuffix, candidateTag } from '../contract/tags.ts';
import { type ArchitectureName, hostArchitecture } from '../lib/architecture.ts';
import { CosaError, usageError } from '../lib/errors.ts';
import { type Image, imageEntries, readImage } from '../oci/image.ts';
import { openLayout } from '../oci/layout.ts';
import { type OpenedReference, openReference } from '../oci/open.ts';
import { platformFor } from '../oci/platform.ts';
import type { AdmittedReference } from '../oci/policy.ts';
import type { Session } from './session.ts';
import { upstreamReference } from './upstream.ts';
import { openWorkDirectory, type WorkDirectory, workDirectoryAt } from './work-directory.ts';

/** The image that a command works on. */
export interface ResolvedImage {
  work: WorkDirectory;
  reference: OpenedReference;
  image: Image;
}

/**
 * Finds the image that a command is about: that of `--from`, or else the newest build of the work directory.
 * With `--from` a work directory is not needed: `directory` then serves as one, for caches and results.
 * @param architecture which of an index with several; this machine's unless given
 * @throws CosaError `NO_BUILD` (exit 2), what `openWorkDirectory`, `openReference` and `readImage` throw
 */
export async function resolveImage(
  session: Session,
  directory: string,
  from: string | undefined,
  architecture?: ArchitectureName,
): Promise<ResolvedImage> {
  const { work, reference } = await resolveReference(session, directory, from);
  const image = await readImage(
    reference.reader,
    reference.descriptor,
    platformFor(architecture ?? hostArchitecture().name),
  );
  return { work, reference, image };
}

/** The image that a command uses, accepted by the policy in force. */
export interface AdmittedImage extends ResolvedImage {
  reference: AdmittedReference;
}

/**
 * As {@link resolveImage}, for commands that use the image, and do not only look at it.
 * @throws CosaError what {@link resolveImage} and `admitImage` throw
 */
export async function resolveAdmittedImage(
  session: Session,
  directory: string,
  from: string | undefined,
  architecture?: ArchitectureName,
): Promise<AdmittedImage> {
  const { work, reference, image } = await resolveImage(session, directory, from, architecture);
  // Loaded only here: what only looks at an image needs no policies.
  const { admitImage } = await import('../oci/policy.ts');
  const admission = await admitImage(session, work.root, reference, image.descriptor);
  return { work, image, reference: admission.reference };
}

/** As {@link resolveImage}, but nothing of the image is read. */
export async function resolveReference(
  session: Session,
  directory: string,
  from: string | undefined,
): Promise<Omit<ResolvedImage, 'image'>> {
  const work = await workDirectoryFor(directory, from);
  return { work, reference: await openReference(from ?? (await newestBuild(work)), work.root, session.registries) };
}

/** The work directory, or one that need not exist if a reference says what the command is about. */
export async function workDirectoryFor(directory: string, from: string | undefined): Promise<WorkDirectory> {
  try {
    return await openWorkDirectory(directory);
  } catch (error) {
    if (from !== undefined && error instanceof CosaError && error.code === 'WORK_DIRECTORY_MISSING') {
      return workDirectoryAt(directory, { config: { source: '' } });
    }
    throw error;
  }
}

/** The tag of the stream's candidate, or of the stream; without a chosen stream, of the newest candidate of any. */
async function newestBuild(work: WorkDirectory): Promise<string> {
  const upstream = upstreamReference(work);
  const noBuild = usageError('NO_BUILD', `${work.root} has no build yet`, {
    // A build that finds nothing changed leaves the upstream container where it is.
    hint: `build the container with "cosa ostree build", or name one that is there: ${upstream ?? 'docker://HOST/REPO:TAG'}`,
  });
  const reader = await openLayout(work.oci).catch((error: unknown) => {
    throw error instanceof CosaError && error.code === 'LAYOUT_MISSING' ? noBuild : error;
  });
  const tags = await reader.listTags();
  const { stream } = work.settings;
  const candidates = stream === undefined ? [] : [candidateTag(stream), stream];
  const chosen = candidates.find((tag) => tags.has(tag));
  if (chosen !== undefined) return chosen;
  let newest: { tag: string; created: string } | undefined;
  for (const [tag, descriptor] of tags) {
    if (!tag.endsWith(candidateSuffix)) continue;
    for (const entry of await imageEntries(reader, descriptor)) {
      const { config } = await readImage(reader, entry);
      // ISO 8601 in UTC: text order is time order.
      const created = config.created ?? '';
      if (newest === undefined || created > newest.created) newest = { tag, created };
    }
  }
  if (newest === undefined) throw noBuild;
  return newest.tag;
}
