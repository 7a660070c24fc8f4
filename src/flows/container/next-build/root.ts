import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DirectoryCache } from '../../../cache/directories.ts';
import { stepKey } from '../../../cache/key.ts';
import type { ChangelogEntry, Changelogs } from '../../../contract/changelogs.ts';
import { run } from '../../../exec/run.ts';
import { requireProgramsOf } from '../../../exec/sandbox.ts';
import { tools } from '../../../exec/tools.ts';
import type { InstalledPackage } from '../../../packages/backend.ts';
import type { Reporter } from '../../../progress/reporter.ts';
import { type Pipeline, runCachedStep, runStep } from '../../../progress/step.ts';
import type { BuildInputs } from './inputs.ts';

/** What all packages of a lock make, before the config has changed anything. */
export interface InstalledRoot {
  /** The tree: kept in the cache, never to be changed. */
  directory: string;
  /** Names the content: a hash of all that went in. */
  key: string;
  packages: readonly InstalledPackage[];
  changelogs: Changelogs;
}

/**
 * Downloads and installs the packages of a lock, or finds the root that an earlier build made of the same.
 * Must run as root or namespace root.
 * @param cache of roots: what it gives stays as long as it is open
 */
export async function installedRoot(
  pipeline: Pipeline,
  inputs: BuildInputs,
  cacheDirectory: string,
  cache: DirectoryCache,
): Promise<InstalledRoot> {
  const { backend, request, lock } = inputs;
  const { documentation } = inputs.config.treefile;
  const key = stepKey('installed-root/4', {
    family: backend.family,
    packages: lock.packages.map(({ name, sha256 }) => [name, sha256]),
    documentation,
    ...(request.languages === undefined ? {} : { languages: request.languages }),
    ...(request.databaseFormat === undefined ? {} : { databaseFormat: request.databaseFormat }),
  });
  await requireProgramsOf(inputs.config.basearch);
  const kept = await cache.find(key);
  await using _packages =
    kept === undefined
      ? await runStep(pipeline, 'download packages', (reporter) =>
          backend.download(request, lock, { cacheDirectory, reporter }),
        )
      : undefined;
  const entry = await runCachedStep(
    pipeline,
    'install packages',
    async () => kept,
    (reporter) => cache.fill(key, (directory) => install(directory, reporter)),
  );
  const packages = JSON.parse(await readFile(join(entry, 'inventory.json'), 'utf8')) as InstalledPackage[];
  const changelogs = JSON.parse(await readFile(join(entry, 'changelogs.json'), 'utf8')) as [string, ChangelogEntry[]][];
  return { directory: join(entry, 'root'), key, packages, changelogs: new Map(changelogs) };

  async function install(directory: string, reporter: Reporter): Promise<void> {
    const root = join(directory, 'root');
    await backend.install(request, lock, root, { documentation }, { cacheDirectory, reporter });
    // Before finalize: what it removes, such as changelogs, tells how often a package changes.
    const inventory = await backend.inventory(root);
    const changelogs = await backend.changelogs(root);
    await backend.finalize(root);
    await writeFile(join(directory, 'inventory.json'), JSON.stringify(inventory));
    await writeFile(join(directory, 'changelogs.json'), JSON.stringify([...changelogs]));
    reporter.note(`${inventory.length} packages`);
  }
}

/** Copies a root with owners, modes, times, hard links and xattrs, sharing blocks where the filesystem can. */
export async function copyRoot(pipeline: Pipeline, from: string, to: string): Promise<void> {
  await runStep(pipeline, 'copy root', async (reporter) => {
    await run(tools.cp, ['--archive', '--reflink=auto', '--no-target-directory', from, to], {
      signal: reporter.signal,
    });
  });
}
