import type { Json } from '../../lib/canonical-json.ts';
import { attempt } from '../attempt.ts';
import { parseEntry, parseIndexFields } from '../schemas.ts';
import type { Descriptor } from '../types.ts';

export interface ReferrerListEntry {
  descriptor: Descriptor;
  value: Json;
}

/** A list of referrers as somebody wrote it. */
export interface ReferrerList {
  /** Entries that can be used, each also as it was written: with all that others have put into it. */
  entries: readonly ReferrerListEntry[];
  /** The others, as they are. */
  odd: readonly { value: Json; reason: string }[];
}

/**
 * Parses a list of referrers. An entry that is odd spoils no other.
 * @param what names the list in errors
 * @throws CosaError `INDEX_INVALID` (exit 4) if it is no index at all
 */
export async function parseReferrerList(text: string, what: string): Promise<ReferrerList> {
  const entries: ReferrerListEntry[] = [];
  const odd: { value: Json; reason: string }[] = [];
  for (const [index, value] of parseIndexFields(text, what).manifests.entries()) {
    const { value: descriptor, reason } = await attempt(() => parseEntry(value, `${what}: entry ${index + 1}`));
    if (descriptor === undefined) odd.push({ value, reason });
    else entries.push({ descriptor, value });
  }
  return { entries, odd };
}
