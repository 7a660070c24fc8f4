import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { PackageRequest } from '../src/packages/backend.ts';
import { mirrorNamed } from '../src/packages/deb/mirrors.ts';
import { debBackend } from '../src/packages/deb.ts';
import { silentReporter } from '../src/progress/reporter.ts';
import { type ProgramTime, timeProgramTree } from './measure.ts';

/** A mkosi that can be run, and the directories that it works in. */
export interface Mkosi {
  /** Where its Python package lies. */
  modules: string;
  directory: string;
  mirror: string;
}

/** Gets mkosi from the repositories of a request: Debian 12's own is too old to write OCI images. */
export async function fetchMkosi(directory: string, request: PackageRequest): Promise<Mkosi> {
  const context = { cacheDirectory: join(directory, 'cache'), reporter: silentReporter() };
  const wanted = { ...request, packages: ['mkosi'] };
  const lock = await debBackend.resolve(wanted, context);
  const alone = { ...lock, packages: lock.packages.filter(({ name }) => name === 'mkosi') };
  await using _held = await debBackend.download(wanted, alone, context);
  const [mkosi] = alone.packages;
  if (mkosi === undefined) throw new Error('the repositories have no mkosi');
  const archive = join(directory, 'cache/packages', `${mkosi.sha256}.deb`);
  execFileSync('dpkg-deb', ['--extract', archive, join(directory, 'root')]);
  const mirror = await mirrorNamed('mirror');
  if (mirror === undefined) throw new Error('apt on this machine has no Debian mirror');
  for (const name of ['packages', 'config']) mkdirSync(join(directory, name), { recursive: true });
  return {
    modules: join(directory, 'root/usr/lib/python3/dist-packages'),
    directory,
    mirror,
  };
}

/**
 * Builds an OCI image of these packages, and measures all that runs for it.
 * @param distribution options that name it: Debian 13 unless given
 */
export async function timeMkosi(
  { modules, directory, mirror }: Mkosi,
  packages: readonly string[],
  distribution: Readonly<Record<string, string>> = {
    distribution: 'debian',
    release: 'trixie',
    'local-mirror': mirror,
  },
): Promise<ProgramTime> {
  const options = {
    directory: join(directory, 'config'),
    ...distribution,
    format: 'oci',
    bootable: 'no',
    'with-network': 'no',
    'package-cache-dir': join(directory, 'packages'),
    'output-dir': mkdtempSync(join(directory, 'output-')),
    'tools-tree': '',
  };
  const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  return timeProgramTree(
    '/usr/bin/python3',
    ['-m', 'mkosi', ...args, ...packages.map((name) => `--package=${name}`), '--force', 'build'],
    { env: { ...process.env, PYTHONPATH: modules } },
  );
}
