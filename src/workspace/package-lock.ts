import { rm, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openCache } from '../cache/cache.ts';
import { stepKey } from '../cache/key.ts';
import { cacheKinds } from '../cache/kinds.ts';
import type { Config } from '../config/load.ts';
import {
  formatLockfile,
  type LockDocument,
  type LockedPackage,
  type Lockfile,
  overridesRepository,
  type PackageFamily,
} from '../contract/lockfile.ts';
import { digestFile } from '../lib/digest.ts';
import { CosaError, usageError, verificationError } from '../lib/errors.ts';
import { plural } from '../lib/format.ts';
import { ifExists } from '../lib/if-exists.ts';
import { sortByBytes } from '../lib/order.ts';
import type { PackageBackend, PackageRequest } from '../packages/backend.ts';
import { readLockfile } from '../packages/lockfile.ts';
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
  /** A package that the config's lockfile does not have is an error; else it is chosen from the repositories. */
  strict?: boolean;
}

/**
 * The package part of a config.
 * @param overrides absolute paths of local package files
 */
export function packageRequest(config: Config, overrides: readonly string[]): PackageRequest {
  const { treefile, basearch } = config;
  return {
    basearch,
    packages: sortByBytes(new Set(treefile.packages)),
    exclude: sortByBytes(new Set(treefile['exclude-packages'])),
    recommends: treefile.recommends,
    repositories: config.repositories.map(({ name, path, text, use }) => ({ name, path, text, use })),
    variables: config.repositoryVariables,
    ...pinsOf(config),
    overrides,
    ...rpmParts(treefile),
  };
}

/** What only some families act on: left out where the config does not say it, so that it makes no other key. */
function rpmParts(treefile: Config['treefile']): Partial<PackageRequest> {
  const { 'repo-packages': repositoryPackages = [], repovars = {}, rpmdb } = treefile;
  const { 'install-langs': languages, 'platform-module': modulePlatform } = treefile;
  return {
    ...(repositoryPackages.length === 0
      ? {}
      : { repositoryPackages: repositoryPackages.map(({ repo, packages }) => ({ repository: repo, packages })) }),
    ...(Object.keys(repovars).length === 0 ? {} : { repositoryVariables: repovars }),
    ...(languages === undefined ? {} : { languages: sortByBytes(new Set(languages)) }),
    ...(rpmdb === undefined ? {} : { databaseFormat: rpmdb }),
    ...(modulePlatform === undefined ? {} : { modulePlatform }),
  };
}

/** The versions that `manifest-lock.overrides.yaml` gives; `evra` carries the architecture behind its last dot. */
function pinsOf(config: Config): Pick<PackageRequest, 'pins' | 'pinnedArchitectures'> {
  const pins: Record<string, string> = {};
  const architectures: Record<string, string> = {};
  for (const [name, { evr, evra }] of Object.entries(config.lockOverrides)) {
    const dot = evra?.lastIndexOf('.') ?? -1;
    const version = evr ?? evra?.slice(0, dot);
    if (version !== undefined) pins[name] = version;
    if (evra !== undefined) architectures[name] = evra.slice(dot + 1);
  }
  return { pins, ...(Object.keys(architectures).length === 0 ? {} : { pinnedArchitectures: architectures }) };
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
  const document = await readLockfile(config.lockfilePath, lockfileFor(options));
  if (document?.lock !== undefined) {
    return { lock: await backend.applyOverrides(request, document.lock), origin: 'lockfile' };
  }
  const pinned =
    document === undefined
      ? { ...options, request: unlockedRequest(config, request) }
      : { ...options, request: pinnedRequest(request, document, options.strict === true) };
  const kept = behaviour.refresh === true ? undefined : await readKept(pinned);
  const lock = kept ?? (await resolveAnew(pipeline, pinned));
  if (document === undefined) return { lock, origin: kept === undefined ? 'resolved' : 'kept' };
  requireLocked(config, document, lock, options);
  return { lock, origin: 'lockfile' };
}

/** A request to the repositories that any package may come from. */
function unlockedRequest({ repositories }: Config, request: PackageRequest): PackageRequest {
  const locked = new Set(repositories.filter(({ use }) => use === 'locked').map(({ name }) => name));
  return { ...request, repositories: request.repositories.filter(({ name }) => !locked.has(name)) };
}

/** A request whose packages have the versions of a lockfile that does not say where they are; local pins win. */
function pinnedRequest(request: PackageRequest, { pins }: LockDocument, pinnedOnly: boolean): PackageRequest {
  const versions = Object.fromEntries([...pins].map(([name, { version }]) => [name, version]));
  const architectures = [...pins].flatMap(([name, { architecture }]) =>
    architecture === undefined || Object.hasOwn(request.pins, name) ? [] : [[name, architecture] as const],
  );
  return {
    ...request,
    pins: { ...versions, ...request.pins },
    pinnedArchitectures: { ...Object.fromEntries(architectures), ...request.pinnedArchitectures },
    ...(pinnedOnly ? { pinnedOnly } : {}),
  };
}

/**
 * Compares a choice with the lockfile that it was made by.
 * @throws CosaError `LOCKFILE_DIGEST` (exit 4), and with `strict` `LOCKFILE_STALE` (exit 2)
 */
function requireLocked(
  { lockfilePath }: Config,
  { pins }: LockDocument,
  lock: Lockfile,
  { request, strict = false }: LockOptions,
): void {
  const isLocal = (item: LockedPackage) =>
    item.repository === overridesRepository || Object.hasOwn(request.pins, item.name);
  for (const item of lock.packages) {
    const expected = pins.get(item.name)?.digest;
    if (expected === undefined || isLocal(item) || !expected.startsWith('sha256:')) continue;
    if (expected !== `sha256:${item.sha256}`) {
      throw verificationError(
        'LOCKFILE_DIGEST',
        `${item.name} ${item.version} of the repositories is not the file that ${basename(lockfilePath)} names: it is sha256:${item.sha256}, and not ${expected}`,
      );
    }
  }
  const unlocked = lock.packages.filter((item) => !pins.has(item.name) && !isLocal(item)).map(({ name }) => name);
  if (!strict || unlocked.length === 0) return;
  throw usageError('LOCKFILE_STALE', `${basename(lockfilePath)} does not have ${unlocked.join(', ')}`, {
    where: { file: lockfilePath },
    hint: 'write it anew with "cosa fetch --update-lockfile", or build without --strict',
  });
}

/** What a lockfile of a config must be for. */
function lockfileFor({ config, backend }: LockOptions): { basearch: string; family: PackageFamily } {
  return { basearch: config.basearch, family: backend.family };
}

/** Chooses versions anew, whatever a lockfile says, as {@link currentLock} does without one. */
export function chooseAnew(pipeline: Pipeline, options: LockOptions): Promise<Lockfile> {
  return resolveAnew(pipeline, { ...options, request: unlockedRequest(options.config, options.request) });
}

/** Chooses versions from the repositories as they are now, and keeps the choice for {@link currentLock}. */
async function resolveAnew(pipeline: Pipeline, options: LockOptions): Promise<Lockfile> {
  const { config, backend, request, cacheDirectory } = options;
  const name = await keptName(options);
  return runStep(pipeline, 'resolve packages', async (reporter) => {
    const positionOf = (name: string) => config.positionOf(keyOf(name, config), name);
    const lock = await backend.resolve(request, { cacheDirectory, reporter, positionOf });
    await keepLock(cacheDirectory, name, lock);
    reporter.note(plural(lock.packages.length, 'package'));
    return lock;
  });
}

/** The key that names a package. */
function keyOf(name: string, { treefile }: Config): 'packages' | 'exclude-packages' | 'repo-packages' {
  if (treefile.packages.includes(name)) return 'packages';
  return treefile['exclude-packages'].includes(name) ? 'exclude-packages' : 'repo-packages';
}

/** A kept choice is found by everything that led to it. */
async function keptName({ config, backend, request }: LockOptions): Promise<string> {
  const { overrides, repositories, variables, ...plain } = request;
  const digests = await Promise.all(overrides.map(async (file) => (await digestFile(file)).digest));
  const texts = repositories.map(({ name }) => config.repositories.find((item) => item.name === name)?.text ?? '');
  const used = Object.entries(variables).filter(([name]) =>
    texts.some((text) => text.includes(`\${${name}}`) || text.includes(`$${name}`)),
  );
  const key = stepKey('lock/1', {
    ...plain,
    family: backend.family,
    repositories: repositories.map(({ name, use }, index) => [
      name,
      texts[index] ?? '',
      ...(use === 'locked' ? [use] : []),
    ]),
    variables: Object.fromEntries(used),
    overrides: sortByBytes(digests),
  });
  return `${key}.json`;
}

async function keepLock(cacheDirectory: string, name: string, lock: Lockfile): Promise<void> {
  await using cache = await openCache(cacheDirectory, cacheKinds.lock);
  await cache.writeText(name, formatLockfile(lock));
  await cache.trim();
}

/** The cache may be deleted or damaged at will: a file that cannot be read counts as none. */
async function readKept(options: LockOptions): Promise<Lockfile | undefined> {
  const path = join(options.cacheDirectory, cacheKinds.lock.name, await keptName(options));
  try {
    const lock = (await readLockfile(path, lockfileFor(options)))?.lock;
    const now = new Date();
    if (lock !== undefined) await ifExists(utimes(path, now, now));
    return lock;
  } catch (error) {
    if (!(error instanceof CosaError) || error.code !== 'LOCKFILE_INVALID') throw error;
    await rm(path, { force: true });
    return undefined;
  }
}
