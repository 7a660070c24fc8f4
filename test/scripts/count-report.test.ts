import { expect, test } from 'vitest';
import { countReport } from '../../scripts/count-report.ts';

function report(counts: object, testResults: object[] = []): string {
  const none = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  return JSON.stringify({ ...none, ...counts, testResults });
}

test.each([
  { name: 'all passed', text: report({ numPassedTests: 7 }), status: 0, passed: 7, failed: 0 },
  { name: 'some failed', text: report({ numPassedTests: 5, numFailedTests: 2 }), status: 1, passed: 5, failed: 2 },
  {
    name: 'skipped',
    text: report({ numPassedTests: 5, numPendingTests: 1, numTodoTests: 1 }),
    status: 0,
    passed: 5,
    failed: 2,
  },
  {
    name: 'a file that does not load',
    text: report({ numPassedTests: 5 }, [{ name: 'a.test.ts', status: 'failed', message: 'no', assertionResults: [] }]),
    status: 1,
    passed: 5,
    failed: 1,
  },
  { name: 'an error outside of tests', text: report({ numPassedTests: 5 }), status: 1, passed: 5, failed: 1 },
  { name: 'no report', text: undefined, status: 137, passed: 0, failed: 1 },
])('$name: $passed passed, $failed failed', ({ text, status, passed, failed }) => {
  const { remarks, ...count } = countReport(text, status);
  expect(count).toEqual({ passed, failed });
  expect(remarks.length > 0).toBe(failed > 0 && !/numFailedTests":[1-9]/.test(text ?? ''));
});
