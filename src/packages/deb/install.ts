import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { extractFiles } from '../../exec/tools/dpkg-deb.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { plural } from '../../lib/format.ts';
import { mapParallel } from '../../lib/parallel.ts';
import type { BackendContext, Lockfile } from '../backend.ts';
import { createDatabase, enterUnpacked, type UnpackedPackage, writeChangeDates } from './database.ts';
import { dpkgExcludes, tarExcludes } from './documentation.ts';
import { cachedPackagePath } from './download.ts';
import { openPackageFile, type PackageFile } from './package-file.ts';
import { settleSharedPaths } from './shared-paths.ts';
import { runTargetDpkg, silencingBinds } from './target-dpkg.ts';
import { planUnpacking } from './unpack-plan.ts';

/** Where the packages are seen inside the sandbox. */
const packagesInside = '/tmp/packages';

/**
 * Installs a lock's packages from the cache into an empty directory.
 *
 * dpkg unpacks one package after the other and decompresses with one core, so it is left only what needs it: first the
 * essential packages are extracted here, several at a time; then the target's dpkg unpacks those that bring scripts for
 * it, while the others are extracted beside it; at the end dpkg configures all of them, in the order it finds right.
 */
export async function installDebs(
  lock: Lockfile,
  root: string,
  options: { documentation: boolean },
  context: BackendContext,
): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), 'cosa-deb-'));
  try {
    const packages = await openPackages(lock, scratch, context);
    await createSkeleton(root, lock.basearch);
    await createDatabase(root);
    // What scripts date gets the packages' own date: the same packages make the same root, whenever they were chosen.
    const timestamp = Math.max(0, ...packages.map(({ changed }) => changed));
    const extracted = await unpackAll(packages, { root, timestamp, ...options }, context);
    await enterUnpacked(root, extracted);
    await writeChangeDates(root, packages);
    await configureAll(root, timestamp, packages.length, context);
    context.reporter.note(plural(packages.length, 'package'));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function openPackages(lock: Lockfile, scratch: string, context: BackendContext): Promise<PackageFile[]> {
  return mapParallel(lock.packages, (locked) =>
    openPackageFile(locked, cachedPackagePath(context.cacheDirectory, locked), join(scratch, locked.name), {
      signal: context.reporter.signal,
    }),
  );
}

/** The links of a merged /usr, before anything could make directories in their place. */
async function createSkeleton(root: string, basearch: string): Promise<void> {
  const names = ['bin', 'lib', 'sbin', ...(basearch === 'x86_64' || basearch === 'ppc64le' ? ['lib64'] : [])];
  for (const name of names) {
    await makeDirectory(join(root, 'usr', name));
    await symlink(`usr/${name}`, join(root, name));
  }
}

interface UnpackOptions {
  root: string;
  /** Seconds since the epoch, for what scripts date. */
  timestamp: number;
  documentation: boolean;
}

async function unpackAll(
  packages: readonly PackageFile[],
  options: UnpackOptions,
  context: BackendContext,
): Promise<UnpackedPackage[]> {
  const { root } = options;
  const plan = await planUnpacking(packages);
  const extract = async (item: PackageFile): Promise<UnpackedPackage> => {
    const exclude = options.documentation ? [] : tarExcludes;
    const members = await extractFiles(item.file, root, { exclude }, { signal: context.reporter.signal });
    return { item, paths: members.map((name) => name.replace(/^\.\/?/, '/')) };
  };
  // base-files brings links of the root directory itself: nothing else may be extracted while tar replaces those.
  const [base, others] = partition(plan.bootstrap, ({ locked }) => locked.name === 'base-files');
  const bootstrap = [...(await mapParallel(base, extract)), ...(await mapParallel(others, extract))];
  const [plain] = await Promise.all([
    mapParallel(plan.plain, extract),
    unpackWithDpkg(plan.scripted, options, context),
  ]);
  const scripted = new Set(plan.scripted);
  const extracted = [...bootstrap.filter(({ item }) => !scripted.has(item)), ...plain];
  return settleSharedPaths(root, extracted, plan.scripted, { signal: context.reporter.signal });
}

async function unpackWithDpkg(
  packages: readonly PackageFile[],
  options: UnpackOptions,
  context: BackendContext,
): Promise<void> {
  if (packages.length === 0) return;
  const files = packages.map(({ locked }) => `${packagesInside}/${locked.sha256}.deb`);
  const names = new Map(packages.map(({ locked }) => [locked.sha256, locked.name]));
  const excludes = options.documentation ? [] : dpkgExcludes;
  // Nothing is configured yet, so no dependency can be fulfilled: the configuration run checks them all.
  await runTargetDpkg(
    ['--force-depends', ...excludes, '--unpack', ...files],
    {
      root: options.root,
      binds: [{ from: join(context.cacheDirectory, 'packages'), to: packagesInside }],
      timestamp: options.timestamp,
      rewriteLine: (line) => line.replace(/\S*\/([0-9a-f]{64})\.deb/g, (file, hash: string) => names.get(hash) ?? file),
    },
    context,
  );
}

async function configureAll(root: string, timestamp: number, count: number, context: BackendContext): Promise<void> {
  // No daemon may be started: 101 is "forbidden by policy".
  const policy = join(root, 'usr/sbin/policy-rc.d');
  await writeFile(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  let done = 0;
  await runTargetDpkg(
    ['--configure', '--pending'],
    {
      root,
      binds: await silencingBinds(root),
      timestamp,
      onLine: (line) => {
        if (line.startsWith('Setting up ')) context.reporter.progress(++done, count, 'packages');
      },
    },
    context,
  );
  await rm(policy);
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
