import { resolve } from 'node:path';
import type { Digest } from '../../lib/digest.ts';
import { CosaError, usageError, verificationError } from '../../lib/errors.ts';
import { openReference } from '../../oci/open.ts';
import { isSamePlace } from '../../oci/place.ts';
import { platformName } from '../../oci/platform.ts';
import { findPolicy } from '../../oci/policy/find.ts';
import { type ResultJudge, signedResults } from '../../oci/policy/test-results.ts';
import { type AdmittedReference, admitEveryImage } from '../../oci/policy.ts';
import type { ContentReader, ContentStore } from '../../oci/store.ts';
import type { Descriptor } from '../../oci/types.ts';
import { imageManifests } from '../../workspace/containers/images.ts';
import { versionOf } from '../../workspace/containers/summary.ts';
import { testStatuses, unmetReason } from '../../workspace/containers/test-status.ts';
import type { Session } from '../../workspace/session.ts';
import { requireKnownTest, testCommand } from './promote/requirement.ts';
import { findTarget, type PromotionTarget } from './promote/target.ts';

export interface PromoteOptions {
  /** A tag beside what is promoted, or a whole reference. */
  stream: string;
  /** What to promote; the stream's candidate unless given. */
  from: string | undefined;
  /** Suites and tests that must have passed for its digest: `basic`, `basic/ssh`. */
  require: readonly string[];
  /** Files with public keys: test results count only if they are signed with each. */
  verdictKeys?: readonly string[];
  /** Only say what would be done. */
  dryRun: boolean;
}

export interface Promotion {
  /** The stream, as a whole reference. */
  stream: string;
  digest: Digest;
  version: string | undefined;
  /** Where the stream pointed before. */
  previous: Digest | undefined;
  /** False if the stream pointed there already. */
  moved: boolean;
}

/**
 * Moves a stream's tag to a container that the policy in force accepts and whose tests have passed: to exactly that
 * digest, whatever becomes of its tag meanwhile. If the stream moves meanwhile, nothing is done: in a layout for
 * certain, in a registry as near to that as it allows.
 * @throws CosaError `TESTS_NOT_PASSED` saying why, `NOT_AN_IMAGE`, `TAG_MOVED` saying to what (exit 4), `TEST_UNKNOWN`, `TAG_INVALID`,
 *   `REFERENCE_ELSEWHERE` (exit 2), what `openReference` and `admitEveryImage` throw
 */
export async function promote(session: Session, directory: string, options: PromoteOptions): Promise<Promotion> {
  const target = await findTarget(directory, options.stream, options.from);
  const opened = await openCandidate(session, target);
  await using store = await target.place.openForWriting(session.registries);
  // Read before anything is checked: whoever moves the stream from here on wins.
  const previous = (await store.resolveTag(target.tag))?.digest;
  const policy = await findPolicy(target.directory);
  const { reference: candidate } = await admitEveryImage(session, policy, opened);
  const { descriptor } = candidate;
  const { digest } = descriptor;
  const judge = await signedResults(
    store,
    policy,
    (options.verdictKeys ?? []).map((file) => resolve(directory, file)),
  );
  await requirePassed(store, descriptor, options.require, target, judge);
  const version = await versionOf(store, descriptor);
  const moved = previous !== digest;
  if (moved && !options.dryRun) await moveStream(store, candidate, target, previous);
  return { stream: nameOf(target), digest, version, previous, moved };
}

async function openCandidate(session: Session, target: PromotionTarget) {
  const opened = await openReference(target.from, target.directory, session.registries);
  if (isSamePlace(opened.place, target.place)) return opened;
  const place = target.place.format();
  throw usageError('REFERENCE_ELSEWHERE', `${target.from} is not in ${place}: a tag points to what lies beside it`, {
    hint: `copy it first: cosa copy ${target.from} ${place}`,
  });
}

async function requirePassed(
  reader: ContentReader,
  descriptor: Descriptor,
  requirements: readonly string[],
  target: PromotionTarget,
  judge: ResultJudge,
): Promise<void> {
  const images = await imageManifests(reader, descriptor);
  if (images.length === 0) {
    throw verificationError(
      'NOT_AN_IMAGE',
      `${target.from} (${descriptor.digest}) holds no image that could be promoted`,
    );
  }
  const reasons: string[] = [];
  const left: string[] = [];
  const missing = new Set<string>();
  for (const { digest, platform } of images) {
    const { statuses, unusable } = await testStatuses(reader, digest, judge);
    for (const { reason } of unusable) left.push(reason);
    const unmet = requirements.flatMap((requirement) => {
      const reason = unmetReason(requirement, statuses);
      if (reason === undefined) return [];
      requireKnownTest(requirement, statuses);
      missing.add(requirement);
      return [reason];
    });
    reasons.push(...unmet.map((reason) => (platform === undefined ? reason : `${platformName(platform)}: ${reason}`)));
  }
  if (reasons.length === 0) return;
  const { digest } = descriptor;
  const tested = target.place.format({ digest: images[0]?.digest ?? digest });
  throw verificationError(
    'TESTS_NOT_PASSED',
    [
      `${target.from} (${digest}) is not promoted to ${target.tag}: ${reasons.join('; ')}`,
      ...left.map((reason) => `  does not count: ${reason}`),
    ].join('\n'),
    { hint: `run the tests: ${testCommand([...missing], tested)}` },
  );
}

async function moveStream(
  store: ContentStore,
  { descriptor }: AdmittedReference,
  target: PromotionTarget,
  previous: Digest | undefined,
): Promise<void> {
  try {
    await store.setTags([target.tag], descriptor, new Map([[target.tag, previous]]));
  } catch (error) {
    if (!(error instanceof CosaError) || error.code !== 'TAG_MOVED') throw error;
    throw verificationError(
      'TAG_MOVED',
      `${nameOf(target)} was moved by somebody else meanwhile, to ${await whereNow(store, target.tag)}: ` +
        `${descriptor.digest} is not promoted`,
      { hint: 'look at what it points to now, then run the command again', cause: error },
    );
  }
}

async function whereNow(reader: ContentReader, tag: string): Promise<string> {
  const now = await reader.resolveTag(tag);
  if (now === undefined) return 'nothing';
  const version = await versionOf(reader, now);
  return version === undefined ? now.digest : `${now.digest} (version ${version})`;
}

function nameOf({ place, tag }: PromotionTarget): string {
  return place.format({ tag });
}
