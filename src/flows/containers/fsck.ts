import { plural } from '../../lib/format.ts';
import { checkLayout, type LayoutReport } from '../../oci/layout/check.ts';
import { type Pipeline, runStep } from '../../pipeline/step.ts';
import type { WorkDirectory } from '../work-directory.ts';

/**
 * Reads everything in a work directory's `oci/` and says what is wrong.
 * @throws CosaError `LAYOUT_MISSING` (exit 2)
 */
export async function checkContainers(pipeline: Pipeline, work: WorkDirectory): Promise<LayoutReport> {
  return runStep(pipeline, 'check containers', async (reporter) => {
    const report = await checkLayout(work.oci, reporter);
    reporter.note(`${plural(report.blobs, 'blob')}, ${plural(report.problems.length, 'problem')}`);
    return report;
  });
}
