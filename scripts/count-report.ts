import { plural } from '../src/lib/format.ts';

export interface Count {
  passed: number;
  failed: number;
}

/** What we read of a vitest JSON report. */
interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { name: string; status: string; message?: string; assertionResults: unknown[] }[];
}

/**
 * How many tests of a run passed and failed. A file that could not be loaded, a test that was skipped and a crash of
 * the runner are failures: what did not run has not passed.
 * @param text the report, or `undefined` if the runner wrote none
 * @param status the runner's exit status
 */
export function countReport(text: string | undefined, status: number): Count & { remarks: string[] } {
  if (text === undefined) return { passed: 0, failed: 1, remarks: ['there is no report: the runner did not finish'] };
  const report = JSON.parse(text) as VitestReport;
  const unloaded = report.testResults.filter(
    ({ status: state, assertionResults }) => state === 'failed' && assertionResults.length === 0,
  );
  const remarks = unloaded.map(({ name, message = '' }) => `${name} could not be run: ${message}`);
  const skipped = report.numPendingTests + report.numTodoTests;
  if (skipped > 0) remarks.push(`${plural(skipped, 'test')} did not run, and count as failed`);
  const failed = report.numFailedTests + unloaded.length + skipped;
  if (failed > 0 || status === 0) return { passed: report.numPassedTests, failed, remarks };
  remarks.push(`all tests passed, but the runner ended with status ${status}`);
  return { passed: report.numPassedTests, failed: 1, remarks };
}
