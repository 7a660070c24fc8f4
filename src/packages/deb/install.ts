import { isUtf8 } from 'node:buffer';
import { rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheKinds } from '../../cache/kinds.ts';
import type { Lockfile } from '../../contract/lockfile.ts';
import { openScratch } from '../../exec/scratch.ts';
import { type ArchitectureName, architectureNamed } from '../../lib/architecture.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { plural } from '../../lib/format.ts';
import { makeDirectoryInRoot, readBytesInRoot, removeInRoot, replaceInRoot } from '../../lib/root-files.ts';
import { hostPath } from '../../lib/root-path.ts';
import { escapedName, nameNotUtf8 } from '../../lib/utf8-names.ts';
import type { BackendContext } from '../backend.ts';
import { cachedPackageName, cachedPackagePath } from '../cached-package.ts';
import { keepChangelogs } from './changelogs.ts';
import { createDatabase, enterUnpacked, installedDatabase, listFile, writeChangeDates } from './database.ts';
import { type Diversions, placeOf, readDiversions } from './diversions.ts';
import { dpkgExcludes } from './documentation.ts';
import { expandPackages } from './expand.ts';
import { extractPackages } from './extract.ts';
import { settleOwners } from './owners.ts';
import { openPackageFiles, type PackageFile } from './package-file.ts';
import { settleSharedPaths } from './shared-paths.ts';
import { runTargetDpkg, silencingBinds } from './target-dpkg.ts';
import { planUnpacking, type UnpackPlan, withoutPlain } from './unpack-plan.ts';
import type { UnpackedPackage } from './unpacked.ts';

/** Where the packages are seen inside the sandbox. */
const packagesInside = '/tmp/packages';

/**
 * Installs a lock's packages from the cache into an empty directory.
 *
 * dpkg unpacks one package after the other and decompresses with one core, so it is left only what needs it: first the
 * packages without scripts for it are extracted here, several at a time, and the others decompressed; then the target's
 * dpkg unpacks those; at the end it configures all of them, in the order it finds right.
 */
export async function installDebs(
  lock: Lockfile,
  root: string,
  options: { documentation: boolean },
  context: BackendContext,
): Promise<void> {
  const packages = await openPackageFiles(
    lock.packages.map((locked) => ({ locked, file: cachedPackagePath(context.cacheDirectory, locked, 'deb') })),
    context.reporter.signal,
  );
  await prepareRoot(root, lock.basearch);
  // What scripts date gets the packages' own date: the same packages make the same root, whenever they were chosen.
  const timestamp = Math.max(0, ...packages.map(({ changed }) => changed));
  const extracted = await unpackAll(packages, { root, timestamp, basearch: lock.basearch, ...options }, context);
  await enterUnpacked(root, extracted);
  await writeChangeDates(root, packages);
  await keepChangelogs(root, packages, options);
  await configureAll({ root, timestamp, basearch: lock.basearch }, packages.length, context);
  context.reporter.note(plural(packages.length, 'package'));
}

async function prepareRoot(root: string, basearch: ArchitectureName): Promise<void> {
  await makeDirectory(root);
  await createSkeleton(root, basearch);
  await createDatabase(root);
}

/** The links of a merged /usr, before anything could make directories in their place. */
async function createSkeleton(root: string, basearch: ArchitectureName): Promise<void> {
  const names = ['bin', 'lib', 'sbin', ...(architectureNamed(basearch).hasLib64 ? ['lib64'] : [])];
  for (const name of names) {
    await makeDirectoryInRoot(root, `/usr/${name}`);
    await symlink(`usr/${name}`, await hostPath(root, `/${name}`));
  }
}

interface UnpackOptions {
  root: string;
  basearch: ArchitectureName;
  /** Seconds since the epoch, for what scripts date. */
  timestamp: number;
  documentation: boolean;
}

/**
 * Unpacks everything and settles whose each file is.
 * @returns the packages that dpkg does not know of yet
 */
async function unpackAll(
  packages: readonly PackageFile[],
  options: UnpackOptions,
  context: BackendContext,
): Promise<UnpackedPackage[]> {
  const { root } = options;
  const plan = planUnpacking(packages);
  let unpacked = await unpack(plan, options, context);
  let diversions = await readDiversions(root, installedDatabase);
  if (plan.plain.length > 0 && unpacked.plain.some((item) => isDiverted(item, diversions))) {
    // Rare, and only the target's dpkg knows the scripts' intent: the root is begun anew, with everything left to it.
    context.reporter.log('a package diverts files of others: dpkg unpacks all of them, one after the other');
    await rm(root, { recursive: true });
    await prepareRoot(root, options.basearch);
    unpacked = await unpack(withoutPlain(plan), options, context);
    diversions = await readDiversions(root, installedDatabase);
  }
  const { bootstrap, plain, byDpkg } = unpacked;
  await requireUtf8Lists(root, byDpkg);
  const { signal } = context.reporter;
  const settled = await settleSharedPaths(root, [...bootstrap, ...plain], byDpkg, diversions, signal);
  await settleOwners(root, settled, diversions);
  return settled;
}

function isDiverted({ item, paths }: UnpackedPackage, diversions: Diversions): boolean {
  return paths.some((path) => placeOf(diversions, path, item.locked.name) !== path);
}

interface Unpacked {
  bootstrap: readonly UnpackedPackage[];
  plain: readonly UnpackedPackage[];
  byDpkg: readonly PackageFile[];
}

async function unpack(plan: UnpackPlan, options: UnpackOptions, context: BackendContext): Promise<Unpacked> {
  const { signal } = context.reporter;
  const extract = (items: readonly PackageFile[]) => extractPackages(items, options.root, options, signal);
  await using expanded = await openScratch(join(context.cacheDirectory, cacheKinds.scratch.name));
  const bootstrap = await extract(plan.bootstrap);
  const [plain] = await Promise.all([extract(plan.plain), expandPackages(plan.scripted, expanded.path, signal)]);
  await unpackWithDpkg(plan.scripted, expanded.path, options, context);
  const extracted = new Set([...bootstrap, ...plain].map(({ item }) => item));
  const scripted = new Set(plan.scripted);
  const late = [...plan.bootstrap, ...plan.plain].filter((item) => !extracted.has(item) && !scripted.has(item));
  await unpackWithDpkg(late, join(context.cacheDirectory, cacheKinds.packages.name), options, context);
  return { bootstrap: bootstrap.filter(({ item }) => !scripted.has(item)), plain, byDpkg: [...scripted, ...late] };
}

/** @throws CosaError `NAME_NOT_UTF8` for a file that dpkg has unpacked */
async function requireUtf8Lists(root: string, packages: readonly PackageFile[]): Promise<void> {
  for (const item of packages) {
    const list = await readBytesInRoot(root, listFile(item));
    if (isUtf8(list)) continue;
    for (const line of list.toString('latin1').split('\n')) {
      const name = Buffer.from(line, 'latin1');
      if (!isUtf8(name)) throw nameNotUtf8(escapedName(name), `the package ${item.locked.name} brings it`);
    }
  }
}

/** @param directory has the packages, under the names that they have in the cache */
async function unpackWithDpkg(
  packages: readonly PackageFile[],
  directory: string,
  options: UnpackOptions,
  context: BackendContext,
): Promise<void> {
  if (packages.length === 0) return;
  const files = packages.map(({ locked }) => join(packagesInside, cachedPackageName(locked, 'deb')));
  const names = new Map(packages.map(({ locked }) => [locked.sha256, locked.name]));
  const excludes = options.documentation ? [] : dpkgExcludes;
  // Nothing is configured yet, so no dependency can be fulfilled: the configuration run checks them all.
  await runTargetDpkg(
    ['--force-depends', ...excludes, '--unpack', ...files],
    {
      root: options.root,
      basearch: options.basearch,
      binds: [{ from: directory, to: packagesInside }],
      timestamp: options.timestamp,
      rewriteLine: (line) => line.replace(/\S*\/([0-9a-f]{64})\.deb/g, (file, hash: string) => names.get(hash) ?? file),
    },
    context,
  );
}

async function configureAll(
  target: Pick<UnpackOptions, 'root' | 'timestamp' | 'basearch'>,
  count: number,
  context: BackendContext,
): Promise<void> {
  const { root } = target;
  // No daemon may be started: 101 is "forbidden by policy".
  const policy = '/usr/sbin/policy-rc.d';
  await replaceInRoot(root, policy, '#!/bin/sh\nexit 101\n', 0o755);
  let done = 0;
  await runTargetDpkg(
    ['--configure', '--pending'],
    {
      ...target,
      binds: await silencingBinds(root),
      onLine: (line) => {
        if (line.startsWith('Setting up ')) context.reporter.progress(++done, count, 'packages');
      },
    },
    context,
  );
  await removeInRoot(root, policy);
}
