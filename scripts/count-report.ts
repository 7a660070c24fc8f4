import { stripVTControlCharacters } from 'node:util';
import { plural } from '../src/lib/format.ts';

export interface Count {
  passed: number;
  failed: number;
}

/** What a run of a suite came to. */
export interface Outcome extends Count {
  /** What failed, each with its file and the beginning of why. */
  failures: string[];
}

/** What we read of a vitest JSON report. */
interface VitestReport {
  numPassedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { name: string; status: string; message?: string; assertionResults: AssertionResult[] }[];
}

interface AssertionResult {
  status: string;
  fullName: string;
  failureMessages: string[];
}

/** Lines of a failure's message that are repeated where all of them are listed. */
const quotedLines = 12;

/**
 * How many tests of a run passed and failed, and which failed. A file that could not be loaded, a test that was skipped
 * and a crash of the runner are failures: what did not run has not passed.
 * @param text the report, or `undefined` if the runner wrote none
 * @param status the runner's exit status
 */
export function countReport(text: string | undefined, status: number): Outcome {
  if (text === undefined) return { passed: 0, failed: 1, failures: ['there is no report: the runner did not finish'] };
  const { numPassedTests: passed, numPendingTests, numTodoTests, testResults } = JSON.parse(text) as VitestReport;
  const tests = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter((test) => test.status === 'failed')
      .map(({ fullName, failureMessages }) => `${name} > ${fullName}\n    ${excerpt(failureMessages.join('\n'))}`),
  );
  const files = testResults
    .filter((file) => file.status === 'failed' && (file.message !== '' || file.assertionResults.length === 0))
    .map(({ name, message = '' }) => `${name}: ${excerpt(message)}`);
  const unloaded = testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const skipped = numPendingTests + numTodoTests;
  const failures = [...tests, ...files];
  if (skipped > 0) failures.push(`${plural(skipped, 'test')} did not run, and count as failed`);
  const failed = tests.length + unloaded.length + skipped;
  if (failed > 0 || status === 0) return { passed, failed, failures };
  failures.push(`all tests passed, but the runner ended with status ${status}`);
  return { passed, failed: 1, failures };
}

/** The beginning of a message, indented below the name of what failed. */
function excerpt(message: string): string {
  return stripVTControlCharacters(message).trimEnd().split('\n').slice(0, quotedLines).join('\n    ');
}
