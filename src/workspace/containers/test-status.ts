import type { Digest } from '../../lib/digest.ts';
import type { ContentReader } from '../../oci/store.ts';
import {
  readTestResults,
  type StoredTestResult,
  type TestCase,
  type TestResult,
  type UnusableTestResult,
} from '../../oci/test-result.ts';

/** How a container has done in one suite with one firmware: of each test, the last run counts. */
export interface TestStatus {
  suite: string;
  firmware: TestResult['firmware'];
  /** Of the last run. */
  accelerator: TestResult['accelerator'];
  /** True if the whole suite was run at least once. */
  complete: boolean;
  /** True if every test that was run has passed. */
  passed: boolean;
  /** When the last run began: RFC 3339. */
  started: string;
  /** In the order in which they were first run. */
  tests: readonly TestCase[];
}

/** How a container has done, and which results do not count. */
export interface TestStatuses {
  /** Of each suite and firmware, in the order of their first runs. */
  statuses: readonly TestStatus[];
  unusable: readonly UnusableTestResult[];
}

/**
 * How a container has done in its tests.
 * @param refuse says why a result that could be read does not count: one without the signature that is asked for
 * @throws CosaError what `readTestResults` and `refuse` throw
 */
export async function testStatuses(
  reader: ContentReader,
  subject: Digest,
  refuse: (stored: StoredTestResult) => Promise<string | undefined> = async () => undefined,
): Promise<TestStatuses> {
  const { results, unusable } = await readTestResults(reader, subject, Date.now());
  const refused: UnusableTestResult[] = [];
  const statuses = new Map<string, TestStatus>();
  for (const stored of results) {
    const { digest, result } = stored;
    const reason = await refuse(stored);
    if (reason !== undefined) refused.push({ digest, reason: `test result ${digest} ${reason}` });
    if (reason !== undefined) continue;
    const key = JSON.stringify([result.suite, result.firmware]);
    statuses.set(key, withResult(statuses.get(key), result));
  }
  return { statuses: [...statuses.values()], unusable: [...unusable, ...refused] };
}

function withResult(before: TestStatus | undefined, result: TestResult): TestStatus {
  const { suite, firmware, accelerator, started } = result;
  const byName = new Map([...(before?.tests ?? []), ...result.tests].map((test) => [test.name, test]));
  const tests = [...byName.values()];
  const passed = tests.every(({ status }) => status === 'passed');
  return {
    suite,
    firmware,
    accelerator,
    complete: result.complete || before?.complete === true,
    passed,
    started,
    tests,
  };
}

/**
 * Why a requirement is not met, or `undefined` if it is: it must have passed with every firmware that it was run with.
 * @param requirement a whole suite (`basic`), or one test of it (`basic/ssh`)
 */
export function unmetReason(requirement: string, statuses: readonly TestStatus[]): string | undefined {
  const [suite = '', test] = requirement.split('/');
  const isMeant = ({ name }: TestCase) => test === undefined || name === test;
  const relevant = statuses.filter(
    (status) => status.suite === suite && (test === undefined ? status.complete : status.tests.some(isMeant)),
  );
  if (relevant.length === 0) return `${requirement} has not been run for it`;
  const failures = relevant.flatMap(({ firmware, tests }) => {
    const failed = tests.filter((run) => run.status === 'failed' && isMeant(run));
    return failed.length === 0
      ? []
      : [`${failed.map(({ name }) => `${suite}/${name}`).join(', ')} failed with ${firmware}`];
  });
  return failures.length === 0 ? undefined : failures.join('; ');
}
