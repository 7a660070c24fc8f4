import { usageError } from '../../lib/errors.ts';
import { plural } from '../../lib/format.ts';
import { checkTagged, type TaggedReport } from '../../oci/check.ts';
import { checkLayout, type LayoutReport } from '../../oci/layout/check.ts';
import { fetchBlobs, type RepairResult, setDamagedAside } from '../../oci/layout/repair.ts';
import { isSamePlace, type Place } from '../../oci/place.ts';
import { parseReference } from '../../oci/reference.ts';
import type { ContentReader } from '../../oci/store.ts';
import type { Reporter } from '../../progress/reporter.ts';
import { runStep } from '../../progress/step.ts';
import { requireContents } from '../../workspace/place.ts';
import { workDirectoryFor } from '../../workspace/resolve-image.ts';
import type { Session } from '../../workspace/session.ts';
import { upstreamReference } from '../../workspace/upstream.ts';
import { ownPlace } from '../../workspace/work-directory.ts';

/** Of a registry's repository: what its tags reach. Of a layout: all files too. */
export type ContainersReport = TaggedReport | LayoutReport;

/**
 * Reads everything in a place and says what is wrong.
 * @throws CosaError `REPOSITORY_MISSING` (exit 2), what `Place.open` throws
 */
export async function checkContainers(session: Session, place: Place): Promise<ContainersReport> {
  return runStep(session, 'check containers', async (reporter) => {
    const report = await check(session, place, reporter);
    reporter.note(`${plural(report.blobs, 'blob')}, ${plural(report.problems.length, 'problem')}`);
    return report;
  });
}

async function check(session: Session, place: Place, reporter: Reporter): Promise<ContainersReport> {
  if (place.layout !== undefined) return checkLayout(place.layout, reporter);
  const reader = await place.open(session.registries);
  await requireContents(reader, place);
  return checkTagged(reader, place, reporter);
}

export interface RepairOptions {
  /** Where the command runs; a relative reference starts there. */
  directory: string;
  /** A reference to where sound copies lie, asked first. */
  from: string | undefined;
}

/** What was wrong before is in the result; the report says what still is. */
export interface RepairedLayout extends RepairResult {
  report: LayoutReport;
}

/** What one round brings may name more that is lacking: a manifest its layers, an index its manifests. */
const maximumRounds = 5;

/**
 * Checks a layout, sets damaged blobs aside, and brings those that are lacking from where they may be had: the place that
 * was named, and the container that the work directory follows on.
 * @throws CosaError `REPAIR_UNSUPPORTED` (exit 2) for what is no layout, what `Place.open` throws
 */
export async function repairContainers(
  session: Session,
  place: Place,
  options: RepairOptions,
): Promise<RepairedLayout> {
  const { layout } = place;
  if (layout === undefined) {
    throw usageError('REPAIR_UNSUPPORTED', `${place.format()} is no layout: nothing can be set aside there`, {
      hint: 'copy the container there again, with "cosa copy"',
    });
  }
  const sources = await repairSources(session, place, options);
  return runStep(session, 'repair containers', async (reporter) => {
    let report = await checkLayout(layout, reporter);
    const setAside = await setDamagedAside(
      layout,
      report.unsound.map(({ digest }) => digest),
    );
    const fetched: RepairResult['fetched'][number][] = [];
    for (let round = 0; round < maximumRounds && report.unsound.length > 0; round++) {
      const brought = await fetchBlobs(layout, report.unsound, sources, reporter);
      fetched.push(...brought);
      const isDone = brought.length === 0;
      if (!isDone || round === 0) report = await checkLayout(layout, reporter);
      if (isDone) break;
    }
    reporter.note(`${plural(fetched.length, 'blob')} fetched, ${plural(report.problems.length, 'problem')} left`);
    return { report, setAside, fetched };
  });
}

async function repairSources(
  session: Session,
  place: Place,
  { directory, from }: RepairOptions,
): Promise<readonly ContentReader[]> {
  const work = await workDirectoryFor(directory, from ?? place.format());
  const upstream = isSamePlace(place, ownPlace(work)) ? upstreamReference(work) : undefined;
  const places = [from, upstream].flatMap((text) =>
    text === undefined ? [] : [parseReference(text).placeIn(work.root)],
  );
  return Promise.all(places.map((source) => source.open(session.registries)));
}
