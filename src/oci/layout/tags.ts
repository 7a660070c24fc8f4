import type { Digest } from '../../lib/digest.ts';
import { type CosaError, usageError, verificationError } from '../../lib/errors.ts';
import { isTag } from '../tag.ts';
import type { Descriptor } from '../types.ts';
import { type IndexDocument, refName, tagOf } from './index-document.ts';

/**
 * An index once tags point to a manifest; see `ContentWriter.setTags`. Without any tag it becomes an
 * entry that has none.
 * @throws CosaError `TAG_INVALID` (exit 2), `TAG_MOVED` (exit 4)
 */
export function withTags(
  document: IndexDocument,
  tags: readonly string[],
  manifest: Descriptor,
  expected: ReadonlyMap<string, Digest | undefined> = new Map(),
): IndexDocument {
  const { entries } = document;
  for (const tag of tags) {
    if (!isTag(tag)) {
      throw usageError('TAG_INVALID', `"${tag}" is not a tag: letters, digits, "_", "." and "-", at most 128`);
    }
  }
  for (const [tag, digest] of expected) {
    const now = entries.find((entry) => tagOf(entry) === tag)?.digest;
    if (now !== digest && now !== manifest.digest) throw tagMoved(tag, digest, now);
  }
  if (tags.length === 0) {
    const isThere = entries.some(({ digest }) => digest === manifest.digest);
    return isThere ? document : { ...document, entries: [...entries, manifest] };
  }
  const others = entries.filter((entry) => !tags.includes(tagOf(entry) ?? ''));
  const tagged = tags.map((tag) => ({ ...manifest, annotations: { ...manifest.annotations, [refName]: tag } }));
  return { ...document, entries: [...others, ...tagged] };
}

/** An index with one more entry without a tag, if it has none for this manifest. */
export function withReferrer(document: IndexDocument, referrer: Descriptor): IndexDocument {
  const { entries } = document;
  const isThere = entries.some((entry) => entry.digest === referrer.digest && tagOf(entry) === undefined);
  return isThere ? document : { ...document, entries: [...entries, referrer] };
}

function tagMoved(tag: string, expected: Digest | undefined, now: Digest | undefined): CosaError {
  const text = (digest: Digest | undefined) => (digest === undefined ? 'nothing' : digest);
  return verificationError(
    'TAG_MOVED',
    `the tag "${tag}" points to ${text(now)}, not to ${text(expected)} any more: somebody else moved it`,
    { hint: 'look at what it points to now, then run the command again' },
  );
}
