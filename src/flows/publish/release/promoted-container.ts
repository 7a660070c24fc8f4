import { labelNames } from '../../../contract/labels.ts';
import type { ArchitectureName } from '../../../lib/architecture.ts';
import { usageError, verificationError } from '../../../lib/errors.ts';
import { imageManifests } from '../../../workspace/containers/images.ts';
import { testStatuses, unmetReason } from '../../../workspace/containers/test-status.ts';
import { type AdmittedImage, resolveAdmittedImage, workDirectoryFor } from '../../../workspace/resolve-image.ts';
import type { Session } from '../../../workspace/session.ts';

export interface PromotedContainer extends AdmittedImage {
  /** The reference that it was found by, which is that of the stream unless another was given. */
  from: string;
  stream: string;
}

export interface WantedContainer {
  /** Where the command runs. */
  directory: string;
  /** The stream's tag in the work directory unless given. */
  from: string | undefined;
  /** Which image of several; this machine's unless given. */
  architecture: ArchitectureName | undefined;
  /** That of the container, or of the work directory, unless given. */
  stream: string | undefined;
}

/**
 * Finds the container that is to be released: the policy in force accepts it, and its stream points to it.
 * @throws CosaError `RELEASE_STREAM` (exit 2) if no stream is known, `RELEASE_NOT_PROMOTED` (exit 4), what `resolveAdmittedImage`
 *   throws
 */
export async function promotedContainer(session: Session, wanted: WantedContainer): Promise<PromotedContainer> {
  const { directory, architecture } = wanted;
  const known = wanted.stream ?? (await workDirectoryFor(directory, wanted.from)).settings.stream;
  const from = wanted.from ?? known;
  if (from === undefined) throw noStream('neither --from nor --stream is given, and the work directory has no stream');
  const admitted = await resolveAdmittedImage(session, directory, from, architecture);
  const { reference, image } = admitted;
  const stream = wanted.stream ?? (image.config.config?.Labels?.[labelNames.stream] || known);
  if (stream === undefined) throw noStream(`the container ${image.descriptor.digest} belongs to no stream`);
  const { digest } = image.descriptor;
  const tagged = await reference.reader.resolveTag(stream);
  const streams = tagged === undefined ? [] : await imageManifests(reference.reader, tagged);
  if (streams.some((manifest) => manifest.digest === digest)) return { ...admitted, from, stream };
  const place = reference.place.format({ tag: stream });
  const where = tagged === undefined ? 'does not exist' : `points to ${tagged.digest}`;
  throw verificationError('RELEASE_NOT_PROMOTED', `${digest} is not promoted: ${place} ${where}`, {
    hint: `promote it first: cosa promote ${place} --from ${reference.place.format({ digest })}`,
  });
}

function noStream(message: string) {
  return usageError('RELEASE_STREAM', message, { hint: 'name the stream with --stream' });
}

/**
 * Checks that tests have passed for a container.
 * @param requirements suites and tests: `basic`, `basic/ssh`
 * @throws CosaError `TESTS_NOT_PASSED` (exit 4), saying why
 */
export async function requireTests(
  { reference, image }: PromotedContainer,
  requirements: readonly string[],
): Promise<void> {
  if (requirements.length === 0) return;
  const { digest } = image.descriptor;
  const { statuses } = await testStatuses(reference.reader, digest);
  const reasons = requirements.map((name) => unmetReason(name, statuses)).filter((reason) => reason !== undefined);
  if (reasons.length === 0) return;
  throw verificationError('TESTS_NOT_PASSED', `${digest} is not released: ${reasons.join('; ')}`, {
    hint: 'its release.json asks for these tests: run them with "cosa test", and look at "cosa inspect"',
  });
}
