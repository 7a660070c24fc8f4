import { exitStatus } from '../../src/lib/exit-status.ts';
import { cosa, cosaOk } from '../integration/fixture.ts';
import { type RpmScene, rpmRepositories, rpmScene } from '../integration/rpm-fixture.ts';
import type { BootReport } from './boot.ts';

/** The system of rpms, chosen and built. @param name of the work directory, which no other test has */
export async function builtRpmSystem(name: string): Promise<RpmScene> {
  const scene = await rpmScene(name, await rpmRepositories());
  await cosaOk(scene.directory, ['fetch', '--update-lockfile']);
  await cosaOk(scene.directory, ['ostree', 'build']);
  return scene;
}

/** Boots what a scene has built with `cosa test`. @param args firmware, architecture and suites */
export async function bootScene({ directory }: RpmScene, args: readonly string[]): Promise<BootReport> {
  const { exitCode, stdout, stderr } = await cosa(directory, ['test', '--json', ...args]);
  if (exitCode !== exitStatus.ok && exitCode !== exitStatus.testsFailed) {
    throw new Error(`cosa test: exit status ${exitCode}\n${stderr}`);
  }
  return JSON.parse(stdout) as BootReport;
}
