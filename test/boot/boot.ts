import { exitStatus } from '../../src/lib/exit-status.ts';
import type { TestResult } from '../../src/oci/test-result.ts';
import type { Firmware } from '../../src/vm/firmware.ts';
import { builtWorkDirectory, cosa } from '../integration/fixture.ts';

export interface BootReport {
  passed: boolean;
  suites: (TestResult & { consoleLog: string })[];
}

/** Boots the example with `cosa test`; the error of a call that failed otherwise than by its tests says why. */
export async function bootExample(
  patterns: readonly string[],
  firmware: Firmware,
): Promise<{ directory: string; report: BootReport }> {
  const directory = await builtWorkDirectory();
  const { exitCode, stdout, stderr } = await cosa(directory, ['test', '--json', '--firmware', firmware, ...patterns]);
  if (exitCode !== exitStatus.ok && exitCode !== exitStatus.testsFailed) {
    throw new Error(`cosa test: exit status ${exitCode}\n${stderr}`);
  }
  return { directory, report: JSON.parse(stdout) as BootReport };
}

/** The tests that failed, with why: what a test should compare with nothing at all. */
export function failures({ suites }: BootReport): string[] {
  return suites.flatMap(({ tests, consoleLog }) =>
    tests.flatMap(({ name, status, log = '' }) => (status === 'failed' ? [`${name}: ${log}\n${consoleLog}`] : [])),
  );
}
