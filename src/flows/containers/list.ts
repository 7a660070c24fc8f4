import { readImage } from '../../oci/image.ts';
import { openLayout } from '../../oci/layout.ts';
import { mediaTypes } from '../../oci/types.ts';
import type { WorkDirectory } from '../work-directory.ts';
import { type ContainerSummary, summarize, tagsByDigest } from './summary.ts';
import { type TestStatus, testStatus } from './test-status.ts';

export interface ListedContainer extends ContainerSummary {
  /** Sorted. */
  tags: readonly string[];
  tests: readonly TestStatus[];
}

/**
 * Every tagged container of a work directory, newest first. What is tagged and no container image is left out.
 * @throws CosaError `LAYOUT_MISSING` (exit 2), and what `readImage` throws
 */
export async function listContainers(work: WorkDirectory): Promise<ListedContainer[]> {
  const reader = await openLayout(work.oci);
  const tags = await reader.listTags();
  const tagNames = tagsByDigest(tags);
  const images = new Map([...tags.values()].map((descriptor) => [descriptor.digest, descriptor]));
  const listed: ListedContainer[] = [];
  for (const [digest, descriptor] of images) {
    if (descriptor.mediaType !== mediaTypes.manifest || descriptor.artifactType !== undefined) continue;
    const summary = summarize(await readImage(reader, descriptor));
    listed.push({ ...summary, tags: tagNames.get(digest) ?? [], tests: await testStatus(reader, digest) });
  }
  return listed.sort(newestFirst);
}

/** By date, which for builds of one config is also the order of versions; then by version, to be definite. */
export function newestFirst(a: ContainerSummary, b: ContainerSummary): number {
  const order = compare(b.created ?? '', a.created ?? '');
  return order === 0 ? compareNumbers(b.version ?? '', a.version ?? '') : order;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `41.10` is newer than `41.9`. */
function compareNumbers(a: string, b: string): number {
  return new Intl.Collator('en', { numeric: true }).compare(a, b) || compare(a, b);
}
