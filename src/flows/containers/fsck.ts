import { plural } from '../../lib/format.ts';
import { checkTagged, type TaggedReport } from '../../oci/check.ts';
import { checkLayout, type LayoutReport } from '../../oci/layout/check.ts';
import { openPlace } from '../../oci/open.ts';
import type { Place } from '../../oci/place.ts';
import { runStep } from '../../pipeline/step.ts';
import type { Session } from '../session.ts';

/** Of a registry's repository: what its tags reach. Of a layout: all files too. */
export type ContainersReport = TaggedReport | LayoutReport;

/**
 * Reads everything in a place and says what is wrong.
 * @throws CosaError what `openPlace` throws
 */
export async function checkContainers(session: Session, place: Place): Promise<ContainersReport> {
  return runStep(session, 'check containers', async (reporter) => {
    const report: ContainersReport =
      place.transport === 'oci'
        ? await checkLayout(place.directory, reporter)
        : await checkTagged(await openPlace(place, session.registries), place, reporter);
    reporter.note(`${plural(report.blobs, 'blob')}, ${plural(report.problems.length, 'problem')}`);
    return report;
  });
}
