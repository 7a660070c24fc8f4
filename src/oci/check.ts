import type { Reporter } from '../progress/reporter.ts';
import { attempt } from './attempt.ts';
import { readReferrers } from './copy/related.ts';
import type { Place } from './place.ts';
import type { ContentReader } from './store.ts';
import { type Problem, validator } from './validate.ts';

export interface TaggedReport {
  /** Everything that is wrong. */
  problems: readonly Problem[];
  /** Images, by each of their tags, and referrers. */
  entries: number;
  /** Blobs and manifests that were read. */
  blobs: number;
  /** Their bytes. */
  bytes: number;
}

/**
 * Reads everything that a place's tags reach, and all that refers to it, and compares every blob with its digest,
 * every descriptor with its blob, every layer with its diffid. A tag that cannot be read is a problem, and the rest is
 * still checked. Changes nothing.
 */
export async function checkTagged(reader: ContentReader, place: Place, reporter: Reporter): Promise<TaggedReport> {
  let bytes = 0;
  const onBytes = (count: number) => {
    bytes += count;
    reporter.progress(bytes, undefined, 'bytes');
  };
  const check = validator(reader, onBytes, reporter.signal);
  const problems: Problem[] = [];
  const named = (what: string, reason: string) =>
    problems.push({ code: 'ENTRY_UNREADABLE', message: `${what}: ${reason}` });
  const tags = await reader.tagNames();
  for (const tag of tags) {
    const { value, reason } = await attempt(() => reader.resolveTag(tag));
    if (reason !== undefined) named(`the tag ${JSON.stringify(tag)}`, reason);
    else if (value !== undefined) problems.push(...(await check.validate(value)));
  }
  for (const { descriptor, reason } of await reader.untagged()) {
    if (reason !== undefined) named(place.format(), reason);
    else if (descriptor !== undefined) problems.push(...(await check.validate(descriptor)));
  }
  let entries = tags.length;
  for (const subject of [...check.manifests]) {
    const referrers = await attempt(() => readReferrers(reader, [subject], place.format()));
    if (referrers.reason !== undefined) named(`what refers to ${subject}`, referrers.reason);
    entries += referrers.value?.length ?? 0;
    for (const { descriptor } of referrers.value ?? []) problems.push(...(await check.validate(descriptor)));
  }
  return { problems, entries, blobs: check.reached.size, bytes };
}
