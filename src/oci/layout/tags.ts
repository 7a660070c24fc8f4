import type { Digest } from '../../lib/digest.ts';
import { type CosaError, usageError, verificationError } from '../../lib/errors.ts';
import { isTag } from '../tag.ts';
import type { Descriptor } from '../types.ts';
import { refName, tagOf } from './index-file.ts';

/**
 * The entries of index.json once tags point to a manifest; see `ContentWriter.setTags`. Without any tag it becomes an
 * entry that has none.
 * @throws CosaError `TAG_INVALID` (exit 2), `TAG_MOVED` (exit 4)
 */
export function withTags(
  entries: readonly Descriptor[],
  tags: readonly string[],
  manifest: Descriptor,
  expected: ReadonlyMap<string, Digest | undefined> = new Map(),
): readonly Descriptor[] {
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
    return entries.some(({ digest }) => digest === manifest.digest) ? entries : [...entries, manifest];
  }
  const others = entries.filter((entry) => !tags.includes(tagOf(entry) ?? ''));
  const tagged = tags.map((tag) => ({ ...manifest, annotations: { ...manifest.annotations, [refName]: tag } }));
  return [...others, ...tagged];
}

function tagMoved(tag: string, expected: Digest | undefined, now: Digest | undefined): CosaError {
  const text = (digest: Digest | undefined) => (digest === undefined ? 'nothing' : digest);
  return verificationError(
    'TAG_MOVED',
    `the tag "${tag}" points to ${text(now)}, not to ${text(expected)} any more: somebody else moved it`,
    { hint: 'look at what it points to now, then run the command again' },
  );
}
