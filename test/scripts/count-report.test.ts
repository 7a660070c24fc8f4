import { expect, test } from 'vitest';
import { countReport } from '../../scripts/count-report.ts';

function report(counts: object, testResults: object[] = []): string {
  const none = { numPassedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  return JSON.stringify({ ...none, ...counts, testResults });
}

const passing = { name: 'b.test.ts', status: 'passed', message: '', assertionResults: [{ status: 'passed' }] };
const failing = {
  name: 'a.test.ts',
  status: 'failed',
  message: '',
  assertionResults: [
    { status: 'passed', fullName: 'reads', failureMessages: [] },
    { status: 'failed', fullName: 'writes twice', failureMessages: ['\u001b[31mError\u001b[39m: 1 is not 2\n  at x'] },
  ],
};

test.each([
  { name: 'all passed', text: report({ numPassedTests: 7 }, [passing]), status: 0, passed: 7, failures: [] },
  {
    name: 'a test that failed',
    text: report({ numPassedTests: 5 }, [passing, failing]),
    status: 1,
    passed: 5,
    failures: ['a.test.ts > writes twice\n    Error: 1 is not 2\n      at x'],
  },
  {
    name: 'skipped',
    text: report({ numPassedTests: 5, numTodoTests: 1 }),
    status: 0,
    passed: 5,
    failures: ['1 test did not run, and count as failed'],
  },
  {
    name: 'a file that does not load',
    text: report({ numPassedTests: 5 }, [{ name: 'a.test.ts', status: 'failed', message: 'no', assertionResults: [] }]),
    status: 1,
    passed: 5,
    failures: ['a.test.ts: no'],
  },
  {
    name: 'an error outside of tests',
    text: report({ numPassedTests: 5 }),
    status: 1,
    passed: 5,
    failures: ['all tests passed, but the runner ended with status 1'],
  },
  {
    name: 'no report',
    text: undefined,
    status: 137,
    passed: 0,
    failures: ['there is no report: the runner did not finish'],
  },
])('$name', ({ text, status, passed, failures }) => {
  expect(countReport(text, status)).toEqual({ passed, failed: failures.length, failures });
});

test('what is prepared for all tests of a file failed: each test counts, and the reason is told once', () => {
  const assertionResults = [{ status: 'skipped' }, { status: 'skipped' }];
  const file = { name: 'a.test.ts', status: 'failed', message: 'no registry', assertionResults };
  expect(countReport(report({ numPendingTests: 2 }, [file]), 1)).toEqual({
    passed: 0,
    failed: 2,
    failures: ['a.test.ts: no registry', '2 tests did not run, and count as failed'],
  });
});
