import { usageError } from '../../lib/errors.ts';
import { plural } from '../../lib/format.ts';
import { type PruneResult, pruneLayout } from '../../oci/layout/prune.ts';
import type { Place } from '../../oci/place.ts';
import { pruneRepository } from '../../oci/registry/prune.ts';
import { runStep } from '../../progress/step.ts';
import type { Session } from '../../workspace/session.ts';
import { findOldBuilds, tagsOf } from './prune/old-builds.ts';

export interface PruneOptions {
  /** How many builds of each stream stay. */
  keep: number;
  dryRun: boolean;
}

/** What was removed: of a layout the blobs too; a registry collects its own. */
export type PrunedContainers = PruneResult | { tags: readonly string[]; manifests: number };

/**
 * Removes old builds from a place. What a tag points to that is not just the build's version stays (a stream, its
 * candidate, a tag of the user's own), with its test results and signatures. In a layout it waits for running builds.
 * @throws CosaError `LAYOUT_MISSING`, `PRUNE_UNSUPPORTED` (exit 2), `DELETE_UNSUPPORTED` (exit 1), what `pruneLayout` throws
 */
export async function pruneContainers(
  session: Session,
  place: Place,
  options: PruneOptions,
): Promise<PrunedContainers> {
  const { keep, dryRun } = options;
  return runStep(session, dryRun ? 'find old builds' : 'remove old builds', async (reporter) => {
    if (place.layout !== undefined) {
      return pruneLayout(place.layout, async (reader) => tagsOf(reader, await findOldBuilds(reader, keep)), dryRun);
    }
    if (place.openForDeleting === undefined) {
      throw usageError('PRUNE_UNSUPPORTED', `nothing can be removed from ${place.format()}`, {
        hint: 'copy what you need to a new place: cosa copy',
      });
    }
    const repository = await place.openForDeleting(session.registries);
    const { versions, digests } = await findOldBuilds(repository, keep);
    const manifests = await pruneRepository(repository, place, digests, dryRun, reporter);
    reporter.note(plural(manifests, 'manifest'));
    return { tags: versions, manifests };
  });
}
