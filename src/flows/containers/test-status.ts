import type { Digest } from '../../lib/digest.ts';
import type { ContentReader } from '../../oci/store.ts';
import { hasPassed, readTestResults, type TestResult } from '../../oci/test-result.ts';

/** How a container has done in one suite on one kind of machine, the last time. */
export interface TestStatus {
  suite: string;
  firmware: TestResult['firmware'];
  accelerator: TestResult['accelerator'];
  /** False if only some tests of the suite were run. */
  complete: boolean;
  passed: boolean;
  /** RFC 3339. */
  started: string;
  tests: TestResult['tests'];
}

/** The last result of each suite and firmware; an earlier complete one is not hidden by a later part of it. */
export async function testStatus(reader: ContentReader, subject: Digest): Promise<TestStatus[]> {
  const latest = new Map<string, TestStatus>();
  for (const result of await readTestResults(reader, subject)) {
    const { suite, firmware, accelerator, complete, started, tests } = result;
    const status = { suite, firmware, accelerator, complete, started, tests, passed: hasPassed(result) };
    latest.set(JSON.stringify([suite, firmware, complete]), status);
  }
  return [...latest.values()];
}

/**
 * Why a requirement is not met, or `undefined` if it is. On every firmware that a suite or test was run on, the last
 * run counts.
 * @param requirement a suite (`basic`), or one test of it (`basic/ssh`)
 */
export function unmetReason(requirement: string, statuses: readonly TestStatus[]): string | undefined {
  const [suite = '', test] = requirement.split('/');
  const runs = statuses.filter((status) => status.suite === suite).map((status) => matching(status, test));
  const relevant = runs.filter((run) => run.counts);
  if (relevant.length === 0) return `${requirement} has not been run for it`;
  // Of a whole run and a later part of it, both must have passed.
  const failed = relevant.filter((run) => run.failed.length > 0);
  if (failed.length === 0) return undefined;
  return failed.map(({ firmware, failed: names }) => `${names.join(', ')} failed with ${firmware}`).join('; ');
}

function matching(status: TestStatus, test: string | undefined) {
  const tests = status.tests.filter(({ name }) => test === undefined || name === test);
  return {
    firmware: status.firmware,
    counts: test === undefined ? status.complete : tests.length > 0,
    failed: tests.filter((run) => run.status === 'failed').map(({ name }) => `${status.suite}/${name}`),
  };
}
