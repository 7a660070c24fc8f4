import type { Reporter } from '../lib/reporter.ts';
import { readReferrers } from './copy/related.ts';
import { formatPlace, type Place } from './place.ts';
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
 * every descriptor with its blob, every layer with its diffid. Changes nothing.
 */
export async function checkTagged(reader: ContentReader, place: Place, reporter: Reporter): Promise<TaggedReport> {
  let bytes = 0;
  const onBytes = (count: number) => {
    bytes += count;
    reporter.progress(bytes, undefined, 'bytes');
  };
  const check = validator(reader, onBytes, reporter.signal);
  const tags = await reader.listTags();
  const problems: Problem[] = [];
  for (const descriptor of tags.values()) problems.push(...(await check.validate(descriptor)));
  const referrers = await readReferrers(reader, [...check.manifests], formatPlace(place));
  for (const { descriptor } of referrers) problems.push(...(await check.validate(descriptor)));
  return { problems, entries: tags.size + referrers.length, blobs: check.reached.size, bytes };
}
