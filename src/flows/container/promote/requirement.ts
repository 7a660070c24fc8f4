import { usageError } from '../../../lib/errors.ts';
import { nearest } from '../../../lib/nearest.ts';
import { suites } from '../../../vm/suites.ts';
import type { TestStatus } from '../../../workspace/containers/test-status.ts';

/** What `cosa test` can run, as requirements name it: `basic`, `basic/ssh`. */
function knownRequirements(): string[] {
  return suites.flatMap(({ name, tests }) => [name, ...tests.map((test) => `${name}/${test.name}`)]);
}

/**
 * Refuses a requirement that nobody could meet: `cosa test` has no such test, and nobody else's verdict is of that suite.
 * @throws CosaError `TEST_UNKNOWN` (exit 2) with a near name
 */
export function requireKnownTest(requirement: string, statuses: readonly TestStatus[]): void {
  const known = knownRequirements();
  const [suite] = requirement.split('/');
  if (known.includes(requirement) || statuses.some((status) => status.suite === suite)) return;
  const [near] = nearest(requirement, known);
  throw usageError('TEST_UNKNOWN', `no test is called "${requirement}"`, {
    hint: near === undefined ? `suites are ${suites.map(({ name }) => name).join(', ')}` : `did you mean ${near}?`,
  });
}

/** The command that runs what is required. */
export function testCommand(requirements: readonly string[], reference: string): string {
  const known = new Set(knownRequirements());
  const patterns = requirements.filter((name) => known.has(name)).map((name) => name.replace('/', '.'));
  return ['cosa test', ...new Set(patterns), '--from', reference].join(' ');
}
