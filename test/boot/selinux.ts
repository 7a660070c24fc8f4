import { exitStatus } from '../../src/lib/exit-status.ts';
import type { Firmware } from '../../src/vm/firmware.ts';
import { builtWorkDirectory, cosa, cosaOk, freshWorkDirectory, stream } from '../integration/fixture.ts';
import type { BootReport } from './boot.ts';

/** Builds the example's variant with SELinux, and boots it with `cosa test`. @param name of the work directory */
export async function bootEnforcing(
  name: string,
  firmware: Firmware,
  patterns: readonly string[],
): Promise<BootReport> {
  const { directory, config } = await freshWorkDirectory(name, await builtWorkDirectory());
  await cosaOk(directory, ['init', '--force', '--stream', stream, '--variant', 'selinux', config]);
  // It has more packages than the config's lockfile, which is of the example without SELinux.
  await cosaOk(directory, ['fetch', '--update-lockfile']);
  await cosaOk(directory, ['ostree', 'build']);
  const { exitCode, stdout, stderr } = await cosa(directory, ['test', '--json', '--firmware', firmware, ...patterns]);
  if (exitCode !== exitStatus.ok && exitCode !== exitStatus.testsFailed) {
    throw new Error(`cosa test: exit status ${exitCode}\n${stderr}`);
  }
  return JSON.parse(stdout) as BootReport;
}
