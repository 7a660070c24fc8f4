import { canonicalJson, type Json } from '../../lib/canonical-json.ts';
import { CosaError, usageError, verificationError } from '../../lib/errors.ts';
import { parseEntry, parseIndexFields } from '../schemas.ts';
import { type Descriptor, mediaTypes } from '../types.ts';

/** index.json as it is kept in memory: what we understand of it, and all the rest of it, so that it can be written again. */
export interface IndexDocument {
  /** The entries that can be read, in the file's order, each with all fields that others gave it. */
  entries: readonly Descriptor[];
  unreadable: readonly UnreadableEntry[];
  /** The fields beside the entries: annotations, and what others have written. */
  rest: Readonly<Record<string, Json>>;
}

/** An entry that is not as specified, or uses what we do not know: it stays where it is. */
interface UnreadableEntry {
  value: Json;
  reason: string;
}

/** The annotation that makes an entry of index.json a tag. */
export const refName = 'org.opencontainers.image.ref.name';

export const emptyIndex: IndexDocument = { entries: [], unreadable: [], rest: {} };

/** We write no more entries: each command reads all of them. */
const maximumWritten = 10_000;

/** What is read of an index. Others may write more than we do; `prune` reads still more, to make room. */
export interface IndexLimits {
  entries: number;
  bytes: number;
}

export const ordinaryLimits: IndexLimits = { entries: 100_000, bytes: 32 * 1024 * 1024 };
export const pruneLimits: IndexLimits = { entries: 1_000_000, bytes: 256 * 1024 * 1024 };

/**
 * Parses the text of an index.json. An entry that cannot be read is kept apart, and the others are as good as before.
 * @param what names the document in errors
 * @throws CosaError `INDEX_INVALID` (exit 4) for what is no index at all, or has too many entries
 */
export function parseIndexDocument(text: string, what: string, limits: IndexLimits): IndexDocument {
  const { manifests, ...rest } = parseIndexFields(text, what);
  if (manifests.length > limits.entries) {
    throw verificationError(
      'INDEX_INVALID',
      `${what} has ${manifests.length} entries; at most ${limits.entries} are read`,
      { hint: 'remove builds that nobody needs: cosa prune --keep COUNT' },
    );
  }
  const entries: Descriptor[] = [];
  const unreadable: UnreadableEntry[] = [];
  for (const [position, value] of manifests.entries()) {
    try {
      entries.push(parseEntry(value, `entry ${position}`));
    } catch (error) {
      if (!(error instanceof CosaError)) throw error;
      unreadable.push({ value, reason: error.message });
    }
  }
  return { entries, unreadable, rest };
}

/** The text of an index.json. What nobody has changed is as it was. */
export function indexText({ entries, unreadable, rest }: IndexDocument): string {
  const kept = unreadable.map(({ value }) => value);
  return canonicalJson({
    ...rest,
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    // A descriptor is JSON, which TypeScript does not take an interface for.
    manifests: [...(entries as unknown as readonly Json[]), ...kept],
  });
}

/**
 * Refuses an index that has grown beyond what is written.
 * @param what names the place in errors
 * @throws CosaError `LAYOUT_FULL` (exit 2)
 */
export function refuseFull(before: IndexDocument, after: IndexDocument, what: string): void {
  if (after.entries.length <= Math.max(maximumWritten, before.entries.length)) return;
  throw usageError(
    'LAYOUT_FULL',
    `${what} has ${before.entries.length} entries; at most ${maximumWritten} are written`,
    {
      hint: 'remove builds that nobody needs first: cosa prune --keep COUNT',
    },
  );
}

/** The tag that an entry of index.json carries, if any: a name that need not be one in a registry. */
export function tagOf(entry: Descriptor): string | undefined {
  return entry.annotations?.[refName];
}

/** The descriptor without its tag: what the tag points to. */
export function withoutTag({ annotations, ...descriptor }: Descriptor): Descriptor {
  const rest = Object.fromEntries(Object.entries(annotations ?? {}).filter(([key]) => key !== refName));
  return Object.keys(rest).length === 0 ? descriptor : { ...descriptor, annotations: rest };
}
