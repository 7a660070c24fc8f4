import { z } from 'zod';
import { sortByBytes } from '../../lib/order.ts';
import { mapParallel } from '../../lib/parallel.ts';
import { parse } from '../schemas.ts';
import { isTag } from '../tag.ts';
import type { Descriptor } from '../types.ts';
import type { Manifests } from './manifests.ts';
import { pages } from './pages.ts';
import type { RepositoryRequests } from './requests.ts';

/** What many registries give at most; those that give less have more pages. */
const pageEntries = 1000;
/** Requests at once for what tags point to: they are small, and their answers are waited for. */
const parallelHeads = 8;

const tagList = z.object({ tags: z.array(z.string()).nullish() });

/**
 * The names of all tags, sorted; none of a repository that does not exist yet. Names that are no tags are left out.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#listing-tags
 * @throws CosaError `TAG_LIST_INVALID`, `REGISTRY_ANSWER_INVALID` (exit 4)
 */
export async function listTagNames(requests: RepositoryRequests, access: 'pull' | 'push' = 'pull'): Promise<string[]> {
  const names = new Set<string>();
  const request = {
    method: 'GET',
    path: `tags/list?n=${pageEntries}`,
    access,
    accept: [200, 404],
  } as const;
  for await (const { status, text } of pages(requests, request, 'the list of tags')) {
    if (status === 404) break;
    const { tags } = parse(tagList, text, `the list of tags of ${requests.where}`, 'TAG_LIST_INVALID');
    for (const tag of tags ?? []) if (isTag(tag)) names.add(tag);
  }
  return sortByBytes(names);
}

/** Tags with what they point to, sorted by tag; see `ContentReader.listTags`. A tag that vanishes meanwhile is left out. */
export async function listTags(
  requests: RepositoryRequests,
  manifests: Manifests,
  isWanted: (tag: string) => boolean = () => true,
): Promise<ReadonlyMap<string, Descriptor>> {
  const names = (await listTagNames(requests)).filter(isWanted);
  const found = await mapParallel(names, (tag) => manifests.resolve(tag), parallelHeads);
  const tags = new Map<string, Descriptor>();
  for (const [index, tag] of names.entries()) {
    const descriptor = found[index];
    if (descriptor !== undefined) tags.set(tag, descriptor);
  }
  return tags;
}
