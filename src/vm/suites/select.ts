import { usageError } from '../../lib/errors.ts';
import { nearest } from '../../lib/nearest.ts';
import type { SystemTest, TestSuite } from './system-test.ts';

/** Tests of one suite that are to be run. */
export interface Selection {
  suite: TestSuite;
  /** In the suite's order. */
  tests: readonly SystemTest[];
  /** True if these are all of the suite: only then does the result stand for the suite. */
  complete: boolean;
}

/**
 * Chooses tests by patterns: a suite (`basic`), a test (`basic.ssh`, `ssh`), with `*` for any characters.
 * @throws CosaError `TEST_UNKNOWN` (exit 2) for a pattern that names none, with near names
 */
export function selectTests(suites: readonly TestSuite[], patterns: readonly string[]): Selection[] {
  const used = new Set<string>();
  const selections = suites.flatMap((suite) => {
    const tests = suite.tests.filter((test) =>
      // Every pattern is tried, so that a useless one is noticed.
      patterns.map((pattern) => matches(pattern, suite, test) && used.add(pattern)).some(Boolean),
    );
    return tests.length === 0 ? [] : [{ suite, tests, complete: tests.length === suite.tests.length }];
  });
  for (const pattern of patterns) if (!used.has(pattern)) throw unknownTest(pattern, suites);
  return selections;
}

function matches(pattern: string, suite: TestSuite, test: SystemTest): boolean {
  const literals = pattern.split('*').map((text) => text.replace(/[^a-zA-Z0-9]/g, '\\$&'));
  const expression = new RegExp(`^${literals.join('.*')}$`);
  return [suite.name, test.name, `${suite.name}.${test.name}`].some((name) => expression.test(name));
}

function unknownTest(pattern: string, suites: readonly TestSuite[]) {
  const names = suites.flatMap((suite) => [suite.name, ...suite.tests.map((test) => `${suite.name}.${test.name}`)]);
  const near = nearest(pattern, names, 3);
  return usageError('TEST_UNKNOWN', `no test is called "${pattern}"`, {
    hint: near.length > 0 ? `did you mean ${near.join(' or ')}?` : `there are: ${names.join(', ')}`,
  });
}
