import { readImage } from '../../oci/image.ts';
import { type PruneResult, pruneLayout } from '../../oci/layout/prune.ts';
import type { ContentReader } from '../../oci/store.ts';
import { mediaTypes } from '../../oci/types.ts';
import { type Pipeline, runStep } from '../../pipeline/step.ts';
import type { WorkDirectory } from '../work-directory.ts';
import { newestFirst } from './list.ts';
import { type ContainerSummary, summarize } from './summary.ts';

export interface PruneOptions {
  /** How many builds of each stream stay. */
  keep: number;
  dryRun: boolean;
}

/**
 * Removes old builds from a work directory. What a tag points to that is not just the build's version stays (a
 * stream, its candidate, a tag of the user's own), with its test results and signatures. Waits for running builds.
 * @throws CosaError `LAYOUT_MISSING` (exit 2), what `pruneLayout` throws
 */
export async function pruneContainers(
  pipeline: Pipeline,
  work: WorkDirectory,
  { keep, dryRun }: PruneOptions,
): Promise<PruneResult> {
  return runStep(pipeline, dryRun ? 'find old builds' : 'remove old builds', () =>
    pruneLayout(work.oci, (reader) => oldVersions(reader, keep), dryRun),
  );
}

/** The version tags of builds beyond the newest `keep` of their stream, unless another tag points there too. */
async function oldVersions(reader: ContentReader, keep: number): Promise<ReadonlySet<string>> {
  const tags = await reader.listTags();
  const builds = new Map<string, ContainerSummary[]>();
  const named = new Set<string>();
  for (const [tag, descriptor] of tags) {
    const isImage = descriptor.mediaType === mediaTypes.manifest && descriptor.artifactType === undefined;
    const summary = isImage ? summarize(await readImage(reader, descriptor)) : undefined;
    if (summary === undefined || summary.version !== tag) {
      named.add(descriptor.digest);
      continue;
    }
    const stream = summary.stream ?? '';
    builds.set(stream, [...(builds.get(stream) ?? []), summary]);
  }
  const old = [...builds.values()].flatMap((ofStream) => ofStream.sort(newestFirst).slice(keep));
  return new Set(old.filter(({ digest }) => !named.has(digest)).flatMap(({ version }) => version ?? []));
}
