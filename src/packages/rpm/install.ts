import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheKinds } from '../../cache/kinds.ts';
import type { Lockfile } from '../../contract/lockfile.ts';
import { openScratch } from '../../exec/scratch.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { CosaError } from '../../lib/errors.ts';
import { plural } from '../../lib/format.ts';
import { makeDirectoryInRoot } from '../../lib/root-files.ts';
import { hostPath } from '../../lib/root-path.ts';
import type { BackendContext, PackageRequest } from '../backend.ts';
import { writeSilencedPrograms } from '../silenced-programs.ts';
import { readDatabase } from './database.ts';
import { nevra, openRpms, type RpmPackage } from './package-file.ts';
import { temporaryDirectory } from './scriptlets.ts';
import { sysusersInside, sysusersScript } from './sysusers.ts';
import { packagesInside, runTransaction, silencedPlace } from './transaction.ts';

/**
 * Installs a lock's packages from the cache into an empty directory, in one transaction of the lock's own rpm.
 * @throws CosaError `PACKAGE_INVALID`, `PACKAGE_INSTALL_FAILED`, `PACKAGE_FILE_CONFLICT`, `TOOL_MISSING`; the signal's reason
 */
export async function installRpms(
  request: Pick<PackageRequest, 'languages' | 'databaseFormat'>,
  lock: Lockfile,
  root: string,
  options: { documentation: boolean },
  context: BackendContext,
): Promise<void> {
  const packages = await openRpms(lock, context.cacheDirectory, context.reporter.signal);
  await prepareRoot(root);
  await using scratch = await openScratch(join(context.cacheDirectory, cacheKinds.scratch.name));
  const sysusers = join(scratch.path, 'sysusers');
  await writeFile(sysusers, sysusersScript);
  await chmod(sysusers, 0o755);
  const silenced = join(scratch.path, 'silenced');
  await writeSilencedPrograms(silenced);
  const transaction = {
    packages,
    root,
    basearch: lock.basearch,
    timestamp: Math.max(0, ...packages.map(({ header }) => header.changed)),
    args: rpmArguments(request, options),
    binds: [
      { from: join(context.cacheDirectory, cacheKinds.packages.name), to: packagesInside },
      { from: sysusers, to: sysusersInside },
      { from: silenced, to: silencedPlace },
    ],
  };
  await runTransaction(transaction, context);
  await requireInstalled(packages, root);
  context.reporter.note(plural(packages.length, 'package'));
}

/** What rpm takes for granted before the package that brings it. */
async function prepareRoot(root: string): Promise<void> {
  await makeDirectory(root);
  await makeDirectoryInRoot(root, temporaryDirectory);
  await chmod(await hostPath(root, temporaryDirectory), 0o1777);
}

/** rpm may have left one out without a word: the database tells. */
async function requireInstalled(packages: readonly RpmPackage[], root: string): Promise<void> {
  const installed = new Set((await readDatabase(root)).map(({ header }) => nevra(header)));
  const missing = packages.map(({ header }) => nevra(header)).filter((name) => !installed.has(name));
  if (missing.length === 0) return;
  throw new CosaError('PACKAGE_INSTALL_FAILED', `rpm has not installed ${missing.join(', ')}`, {
    hint: 'see with --verbose what it says',
  });
}

function rpmArguments(
  { languages, databaseFormat = 'sqlite' }: Pick<PackageRequest, 'languages' | 'databaseFormat'>,
  { documentation }: { documentation: boolean },
): string[] {
  const definitions = [
    ...(languages === undefined ? [] : [`_install_langs ${languages.join(':')}`]),
    // The host's has no say: what is installed is read by the system alone.
    ...(databaseFormat === 'target' || databaseFormat === 'host' ? [] : [`_db_backend ${databaseFormat}`]),
  ];
  return [
    ...(documentation ? [] : ['--excludedocs']),
    ...definitions.flatMap((definition) => ['--define', definition]),
  ];
}
