import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cosaOk } from '../integration/fixture.ts';
import { serialConsole } from './live.ts';

/** Of what `cosa image build --json` says of an image. */
interface BuiltMedium {
  /** Absolute, of its first file. */
  path: string;
  version: string;
  container: { digest: string; 'ostree-commit': string };
  /** Beside the first. */
  files: { role: string; name: string }[];
}

/** Builds live media with `cosa image build`. */
export async function buildMedium(
  work: string,
  platform: 'live-iso' | 'live-pxe',
  ...args: string[]
): Promise<BuiltMedium> {
  const made = JSON.parse(await cosaOk(work, ['--json', 'image', 'build', platform, ...args])) as BuiltMedium[];
  if (made[0] === undefined) throw new Error(`no image for ${platform} was made`);
  return made[0];
}

/** A copy of an ISO with an Ignition config, and a console that tests can read. */
export async function customized(work: string, iso: string, directory: string, config: string): Promise<string> {
  const file = join(directory, 'live.ign');
  const copy = join(directory, 'live.iso');
  await writeFile(file, config);
  await cosaOk(work, ['iso', 'ignition', 'embed', '--ignition-file', file, '--output', copy, iso]);
  await cosaOk(work, ['iso', 'kargs', 'modify', '--append', serialConsole, copy]);
  return copy;
}
