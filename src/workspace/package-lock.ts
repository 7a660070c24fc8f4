import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { evict, removeUnfinished } from '../cache/evict.ts';
import { stepKey } from '../cache/key.ts';
import type { Config } from '../config/load.ts';
import { lockFile } from '../exec/lock.ts';
import { digestFile } from '../lib/digest.ts';
import { makeDirectory } from '../lib/directories.ts';
import { CosaError } from '../lib/errors.ts';
import { plural } from '../lib/format.ts';
import type { Lockfile, PackageBackend, PackageRequest } from '../packages/backend.ts';
import { readLockfile, writeLockfile } from '../packages/lockfile.ts';
import { type Pipeline, runStep } from '../progress/step.ts';

/** What packages a build takes, and how that was decided. */
export interface CurrentLock {
  /** Local overrides are in it already. */
  lock: Lockfile;
  /** `lockfile`: the config's; `kept`: chosen earlier for the same request; `resolved`: chosen just now. */
  origin: 'lockfile' | 'kept' | 'resolved';
}

export interface LockOptions {
  config: Config;
  backend: PackageBackend;
  request: PackageRequest;
  cacheDirectory: string;
}

/**
 * The package part of a config.
 * @param overrides absolute paths of local package files
 */
export function packageRequest(config: Config, overrides: readonly string[]): PackageRequest {
  const { treefile, basearch } = config;
  return {
    basearch,
    packages: [...new Set(treefile.packages)].sort(),
    exclude: [...new Set(treefile['exclude-packages'])].sort(),
    recommends: treefile.recommends,
    repositories: config.repositories.map(({ name, path }) => ({ name, path })),
    variables: config.repositoryVariables,
    pins: pinsOf(config),
    overrides,
  };
}

/** The versions that `manifest-lock.overrides.yaml` gives; `evra` carries the architecture behind its last dot. */
function pinsOf(config: Config): Record<string, string> {
  const pins: Record<string, string> = {};
  for (const [name, { evr, evra }] of Object.entries(config.lockOverrides)) {
    const version = evr ?? evra?.slice(0, evra.lastIndexOf('.'));
    if (version !== undefined) pins[name] = version;
  }
  return pins;
}

/**
 * The lock that a build uses: the config's lockfile exactly, else what was chosen earlier for the same request, else
 * a new choice, which is kept. Only the last needs the network.
 * @param behaviour.refresh choose anew even if an earlier choice was kept; a lockfile still wins
 * @throws CosaError what `PackageBackend.resolve` and `applyOverrides` throw, `LOCKFILE_INVALID` (exit 2)
 */
export async function currentLock(
  pipeline: Pipeline,
  options: LockOptions,
  behaviour: { refresh?: boolean } = {},
): Promise<CurrentLock> {
  const { config, backend, request } = options;
  const lockfile = await readLockfile(config.lockfilePath, config.basearch);
  if (lockfile !== undefined) return { lock: await backend.applyOverrides(request, lockfile), origin: 'lockfile' };
  const kept = behaviour.refresh === true ? undefined : await readKept(await keptPath(options), config.basearch);
  if (kept !== undefined) return { lock: kept, origin: 'kept' };
  return { lock: await resolveAnew(pipeline, options), origin: 'resolved' };
}

/** Chooses versions from the repositories as they are now, and keeps the choice for {@link currentLock}. */
export async function resolveAnew(pipeline: Pipeline, options: LockOptions): Promise<Lockfile> {
  const { config, backend, request, cacheDirectory } = options;
  const path = await keptPath(options);
  return runStep(pipeline, 'resolve packages', async (reporter) => {
    const positionOf = (name: string) =>
      config.positionOf(config.treefile.packages.includes(name) ? 'packages' : 'exclude-packages', name);
    const lock = await backend.resolve(request, { cacheDirectory, reporter, positionOf });
    await keepLock(path, lock);
    reporter.note(plural(lock.packages.length, 'package'));
    return lock;
  });
}

/** A kept choice is found by everything that led to it. */
async function keptPath({ config, backend, request, cacheDirectory }: LockOptions): Promise<string> {
  const { overrides, repositories, variables, ...plain } = request;
  const digests = await Promise.all(overrides.map(async (file) => (await digestFile(file)).digest));
  const texts = repositories.map(({ name }) => config.repositories.find((item) => item.name === name)?.text ?? '');
  const used = Object.entries(variables).filter(([name]) => texts.some((text) => text.includes(`\${${name}}`)));
  const key = stepKey('lock/1', {
    ...plain,
    family: backend.family,
    repositories: repositories.map(({ name }, index) => [name, texts[index] ?? '']),
    variables: Object.fromEntries(used),
    overrides: digests.sort(),
  });
  return join(cacheDirectory, 'lock', `${key}.json`);
}

/** Choices kept; other streams and configs find theirs again. */
const keptLocks = 20;

async function keepLock(path: string, lock: Lockfile): Promise<void> {
  const directory = dirname(path);
  await makeDirectory(directory);
  // What is unfinished while the lock is held, nobody will finish.
  await using _alone = await lockFile(join(directory, '.lock'));
  await removeUnfinished(directory);
  await writeLockfile(path, lock);
  await evict(directory, keptLocks, 0);
}

/** The cache may be deleted or damaged at will: a file that cannot be read counts as none. */
async function readKept(path: string, basearch: string): Promise<Lockfile | undefined> {
  try {
    return await readLockfile(path, basearch);
  } catch (error) {
    if (!(error instanceof CosaError) || error.code !== 'LOCKFILE_INVALID') throw error;
    await rm(path, { force: true });
    return undefined;
  }
}
