import { type Attempt, attempt } from '../attempt.ts';
import { parseIndex } from '../schemas.ts';
import { type Descriptor, mediaTypes } from '../types.ts';

export interface ReferrerListEntry {
  descriptor: Descriptor;
  value: unknown;
}

/** A list of referrers as somebody wrote it. */
export interface ReferrerList {
  /** Entries that can be used, each also as it was written: with all that others have put into it. */
  entries: readonly ReferrerListEntry[];
  /** The others, as they are. */
  odd: readonly { value: unknown; reason: string }[];
}

/**
 * Parses a list of referrers. An entry that is odd spoils no other.
 * @param what names the list in errors
 * @throws CosaError `INDEX_INVALID` (exit 4) if it is no index at all
 */
export async function parseReferrerList(text: string, what: string): Promise<ReferrerList> {
  const document = indexOf(text);
  // Some registries write null for an empty list.
  if (document?.manifests === null) return { entries: [], odd: [] };
  if (!Array.isArray(document?.manifests)) {
    parseIndex(text, what);
    return { entries: [], odd: [] };
  }
  const { manifests, ...fields } = document;
  parseIndex(JSON.stringify({ ...fields, manifests: [] }), what);
  const entries: ReferrerListEntry[] = [];
  const odd: { value: unknown; reason: string }[] = [];
  for (const [index, value] of (manifests as unknown[]).entries()) {
    const { value: descriptor, reason } = await parsedEntry(value, `${what}: entry ${index + 1}`);
    if (descriptor === undefined) odd.push({ value, reason });
    else entries.push({ descriptor, value });
  }
  return { entries, odd };
}

function parsedEntry(value: unknown, what: string): Promise<Attempt<Descriptor>> {
  return attempt(() => {
    const text = JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [value] });
    return parseIndex(text, what).manifests[0] as Descriptor;
  });
}

function indexOf(text: string): { manifests?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
