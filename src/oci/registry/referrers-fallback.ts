import { canonicalJson, type Json } from '../../lib/canonical-json.ts';
import { type Digest, digestHex } from '../../lib/digest.ts';
import { CosaError, verificationError } from '../../lib/errors.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { attempt } from '../attempt.ts';
import { type Descriptor, mediaTypes } from '../types.ts';
import type { Manifests } from './manifests.ts';
import { referrerEntry } from './referrer-entry.ts';
import { parseReferrerList, type ReferrerList, type ReferrerListEntry } from './referrer-list.ts';
import { hasCode, type RepositoryRequests } from './requests.ts';
import { conditionsOf } from './set-tags.ts';
import { listTagNames } from './tags.ts';

// For registries without the referrers API, an index under a tag lists a subject's referrers:
// https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#referrers-tag-schema
// Such a tag can only be replaced as a whole: of two who add to it at once, the later one would undo what the
// earlier one did. So everybody first gives his referrer a tag of its own, which nobody else writes, and then brings
// the index into line with the tags, until a look at both finds nothing missing. Whoever writes the index last has
// looked at the tags afterwards; a referrer that was tagged later is looked after by its own writer. Nothing is lost.

/** A referrer's own tag has so many digits of its digest. */
const ownTagDigits = 16;
/** Each of so many writers at once can undo the index at most once with what it had read before. */
const maximumRounds = 200;
const parallelRequests = 8;

/** How the index is to change. */
interface Change {
  /** What must be listed, and is stored. */
  add?: Descriptor;
  /** What must not. */
  remove?: Digest;
}

/** What the index of a subject's referrers lists; nothing if there is none. What is odd is named. */
export async function readFallbackIndex(
  requests: RepositoryRequests,
  manifests: Manifests,
  subject: Digest,
): Promise<readonly Descriptor[]> {
  const { entries, odd } = await currentIndex(requests, manifests, subject, 'pull');
  for (const { reason } of odd) requests.warn(reason);
  return entries.map(({ descriptor }) => descriptor);
}

/**
 * Lists a referrer in its subject's index. Safe against others who do it at once, and against being stopped: the
 * next one to add a referrer adds this one too.
 * @param bytes of the referrer's manifest
 * @throws CosaError `REFERRERS_BUSY` (exit 1)
 */
export async function addToFallbackIndex(
  requests: RepositoryRequests,
  manifests: Manifests,
  subject: Digest,
  referrer: Descriptor,
  bytes: Buffer,
): Promise<void> {
  await manifests.put({ bytes, mediaType: referrer.mediaType, tag: ownTag(subject, referrer.digest) });
  const entry = referrerEntry(referrer, bytes, subject);
  await changeIndex(requests, manifests, subject, entry === undefined ? {} : { add: entry });
}

/**
 * Takes a referrer that was deleted out of its subject's index, if there is one.
 * @throws CosaError as {@link addToFallbackIndex}
 */
export async function removeFromFallbackIndex(
  requests: RepositoryRequests,
  manifests: Manifests,
  subject: Digest,
  referrer: Digest,
): Promise<void> {
  const { entries } = await currentIndex(requests, manifests, subject, 'push');
  if (entries.some(({ descriptor }) => descriptor.digest === referrer)) {
    await changeIndex(requests, manifests, subject, { remove: referrer });
  }
}

async function changeIndex(
  requests: RepositoryRequests,
  manifests: Manifests,
  subject: Digest,
  { add, remove }: Change,
): Promise<void> {
  const strangers = new Set<string>(remove === undefined ? [] : [ownTag(subject, remove)]);
  for (let round = 0; round < maximumRounds; round++) {
    // The tags first: all that is in the index by then need not be read.
    const tagged = (await listTagNames(requests, 'push')).filter((tag) => isOwnTag(tag, subject));
    const index = await currentIndex(requests, manifests, subject, 'push');
    const kept = index.entries.filter(({ descriptor }) => descriptor.digest !== remove);
    const listed = new Set(kept.map(({ descriptor }) => ownTag(subject, descriptor.digest)));
    const added = add === undefined || listed.has(ownTag(subject, add.digest)) ? [] : [add];
    const missing = tagged.filter(
      (tag) => !listed.has(tag) && !strangers.has(tag) && added.every(({ digest }) => tag !== ownTag(subject, digest)),
    );
    const found = await mapParallel(missing, (tag) => readReferrer(manifests, subject, tag), parallelRequests);
    for (const [position, tag] of missing.entries()) if (found[position] === undefined) strangers.add(tag);
    added.push(...found.filter((entry) => entry !== undefined));
    if (added.length === 0 && kept.length === index.entries.length) return;
    await putIndex(
      manifests,
      subject,
      {
        entries: [...kept, ...added.map((descriptor) => ({ descriptor, value: descriptor as unknown as Json }))],
        odd: index.odd,
      },
      index.digest,
    );
  }
  throw new CosaError(
    'REFERRERS_BUSY',
    `${requests.where}: the list of referrers of ${subject} is being changed by others all the time`,
    { hint: 'run the command again: what was to be added is stored' },
  );
}

/** The list under the tag. What is no index there is no list, as for other tools, which write over it. */
async function currentIndex(
  requests: RepositoryRequests,
  manifests: Manifests,
  subject: Digest,
  access: 'pull' | 'push',
): Promise<ReferrerList & { digest: Digest | undefined }> {
  const tag = indexTag(subject);
  const found = await manifests.get(tag, access);
  if (found === undefined) return { digest: undefined, entries: [], odd: [] };
  const { digest, mediaType } = found.descriptor;
  const what = `the list of referrers ${requests.where}:${tag}`;
  const { value, reason } = await attempt(() => {
    if (mediaType === mediaTypes.index) return parseReferrerList(found.bytes.toString(), what);
    throw verificationError('INDEX_INVALID', `${what} is no index but ${mediaType}`);
  });
  if (value !== undefined) return { digest, ...value };
  requests.warn(`${reason}; it counts as empty${access === 'push' ? `, and ${digest} loses this tag` : ''}`);
  return { digest, entries: [], odd: [] };
}

/** `undefined` for a tag that is gone, or whose manifest is about something else. */
async function readReferrer(manifests: Manifests, subject: Digest, tag: string): Promise<Descriptor | undefined> {
  const found = await manifests.get(tag, 'push');
  return found && referrerEntry(found.descriptor, found.bytes, subject);
}

/** Whether it was stored is not told: the next round looks. */
async function putIndex(
  manifests: Manifests,
  subject: Digest,
  { entries, odd }: ReferrerList,
  before: Digest | undefined,
): Promise<void> {
  const put = (listed: readonly Pick<ReferrerListEntry, 'value'>[]) =>
    manifests.put({
      bytes: indexBytes(listed.map(({ value }) => value)),
      mediaType: mediaTypes.index,
      tag: indexTag(subject),
      conditions: conditionsOf(before),
    });
  try {
    await put([...entries, ...odd]);
  } catch (error) {
    if (!hasCode(error, 'MANIFEST_REFUSED')) throw error;
    // Registries refuse an index of what they do not have, as when somebody has deleted a referrer and left its entry, or
    // of what they do not understand.
    const present = await mapParallel(
      entries,
      ({ descriptor }) => manifests.resolve(descriptor.digest, 'push'),
      parallelRequests,
    );
    const stored = entries.filter((_, position) => present[position] !== undefined);
    if (stored.length === entries.length && odd.length === 0) throw error;
    await put(stored);
  }
}

function indexBytes(entries: readonly Json[]): Buffer {
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: entries };
  return Buffer.from(canonicalJson(index));
}

function indexTag(subject: Digest): string {
  return subject.replace(':', '-');
}

/** Nobody but a referrer's writer writes this tag. */
function ownTag(subject: Digest, referrer: Digest): string {
  return `${indexTag(subject)}.${digestHex(referrer).slice(0, ownTagDigits)}`;
}

/** Signatures have such tags too, with other ends. */
function isOwnTag(tag: string, subject: Digest): boolean {
  const end = tag.startsWith(`${indexTag(subject)}.`) ? tag.slice(indexTag(subject).length + 1) : '';
  return end.length === ownTagDigits && /^[0-9a-f]+$/.test(end);
}
