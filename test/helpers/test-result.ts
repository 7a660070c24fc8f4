import type { TestResult } from '../../src/oci/test-result.ts';
import type { Descriptor } from '../../src/oci/types.ts';

/** What `cosa test` stores when all of `basic` has passed. */
export function passedResult({ digest }: Descriptor): TestResult {
  return {
    schemaVersion: 1,
    subject: digest,
    suite: 'basic',
    complete: true,
    firmware: 'uefi',
    accelerator: 'tcg',
    started: '2026-01-01T00:00:00Z',
    tests: [{ name: 'ssh', status: 'passed', milliseconds: 1 }],
  };
}
