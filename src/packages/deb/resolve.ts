import { basename } from 'node:path';
import { openCache } from '../../cache/cache.ts';
import { cacheKinds } from '../../cache/kinds.ts';
import { comparePackages, type LockedPackage, type Lockfile } from '../../contract/lockfile.ts';
import { tools } from '../../exec/tools.ts';
import { architectureNamed } from '../../lib/architecture.ts';
import { CosaError } from '../../lib/errors.ts';
import { nearest } from '../../lib/nearest.ts';
import { compareBytes, sortByBytes } from '../../lib/order.ts';
import { problemsError } from '../../lib/problems.ts';
import type { BackendContext, PackageRequest } from '../backend.ts';
import { distributionOf } from '../distributions.ts';
import { replaceLocked } from '../local-packages.ts';
import { openPrivateApt, type PrivateApt, readIndexes, updateIndexes } from './apt.ts';
import { solverError, updateError } from './apt-errors.ts';
import { type ControlParagraph, parseControl, requiredField, sourceOf } from './control.ts';
import { type OverridePackage, readOverrides, writeOverrideRepository } from './overrides.ts';
import { type DebSource, readSources, type VariableLookup } from './sources.ts';

/** A package file that apt chose. */
interface ChosenFile {
  uri: string;
  name: string;
  version: string;
  architecture: string;
}

/**
 * Chooses the versions of a request and everything it depends on, and of all essential packages.
 * See `PackageBackend.resolve` for the errors.
 */
export async function resolveDebs(
  request: PackageRequest,
  lookup: VariableLookup,
  context: BackendContext,
): Promise<Lockfile> {
  checkNames(request, context);
  const sources = await readSources(request.repositories, lookup);
  const overrides = await readOverrides(request);
  await using repositories =
    overrides.length === 0 ? undefined : await openCache(context.cacheDirectory, cacheKinds.overrides);
  await using apt = await openPrivateApt(
    {
      architecture: architectureNamed(request.basearch).debian,
      recommends: request.recommends,
      sources,
      preferences: preferencesText(request, overrides),
      ...(repositories && { overrideRepository: await writeOverrideRepository(overrides, repositories) }),
    },
    context,
  );
  const update = await updateIndexes(apt);
  if (update.exitCode !== 0) throw updateError(`${update.stdout}\n${update.stderr}`, sources);
  const names = new Set((await apt.run(tools.aptCache, ['pkgnames'])).stdout.split('\n'));
  const unknown = request.packages.filter((name) => !names.has(name));
  refuse(await Promise.all(unknown.map((name) => unknownPackage(name, names, request, apt))), context);
  const packages = await choosePackages(apt, sources, { request, overrides });
  checkPins(request, overrides, packages);
  const { newest, origins } = await readIndexes(apt.lists);
  const lock: Lockfile = {
    family: 'deb',
    distribution: distributionOf(origins)?.id,
    basearch: request.basearch,
    packages: packages.sort(comparePackages),
    repositoryTimestamp: newest,
  };
  return replaceLocked(lock, overrides);
}

/** What is wrong with a package's name. */
interface NameProblem {
  name: string;
  message: string;
  hint: string;
}

function checkNames(request: PackageRequest, context: BackendContext): void {
  const wrong = [...request.packages, ...request.exclude].filter((name) => !/^[a-z0-9][a-z0-9+.-]+$/.test(name));
  const hint = 'Debian package names have lower-case letters, digits and + - .';
  const problems = wrong.map((name) => ({ name, message: `"${name}" is not a package name`, hint }));
  refuse(problems, context);
}

/** @throws CosaError `PACKAGE_UNKNOWN` (exit 2) unless there is no problem */
function refuse(found: readonly NameProblem[], { positionOf }: BackendContext): void {
  const [first, ...others] = found.map(({ name, message, hint }) => ({
    code: 'PACKAGE_UNKNOWN' as const,
    message,
    where: positionOf?.(name),
    hint,
  }));
  if (first !== undefined) throw problemsError([first, ...others]);
}

function preference(name: string, pinned: string, priority: number): string {
  return `Package: ${name}\nPin: ${pinned}\nPin-Priority: ${priority}\n`;
}

/** Pins: what is excluded can never be chosen, a pinned version and a local override always win. */
function preferencesText(request: PackageRequest, overrides: readonly OverridePackage[]): string {
  const overridden = new Set(overrides.map(({ locked }) => locked.name));
  return [
    ...sortByBytes(request.exclude).map((name) => preference(name, 'version *', -1)),
    ...Object.entries(request.pins)
      .filter(([name]) => !overridden.has(name))
      .sort(([a], [b]) => compareBytes(a, b))
      .map(([name, version]) => preference(name, `version ${version}`, 1001)),
    ...overrides.map(({ locked }) => preference(locked.name, `version ${locked.version}`, 1002)),
  ].join('\n');
}

/** apt passes over a pin to a version that is not there. */
function checkPins(
  request: PackageRequest,
  overrides: readonly OverridePackage[],
  packages: readonly LockedPackage[],
): void {
  const overridden = new Set(overrides.map(({ locked }) => locked.name));
  for (const { name, version } of packages) {
    const pinned = request.pins[name];
    if (pinned === undefined || pinned === version || overridden.has(name)) continue;
    throw new CosaError('PACKAGE_UNAVAILABLE', `${name} is pinned to ${pinned}, and the repositories have ${version}`, {
      hint: 'change or remove the pin in manifest-lock.overrides.yaml, or name a mirror that keeps old versions',
    });
  }
}

/** Choices that are made anew, each without what the one before must not have taken. */
const maximumChoices = 50;

/** A repository for locked packages alone may have newer versions of others: those are left aside. */
async function choosePackages(
  apt: PrivateApt,
  sources: readonly DebSource[],
  { request, overrides }: { request: PackageRequest; overrides: readonly OverridePackage[] },
): Promise<LockedPackage[]> {
  const lockedOnly = new Set(request.repositories.filter(({ use }) => use === 'locked').map(({ name }) => name));
  const free = new Set([...Object.keys(request.pins), ...overrides.map(({ locked }) => locked.name)]);
  const preferences = [preferencesText(request, overrides)];
  for (let round = 0; ; round++) {
    const packages = await describeFiles(apt, await chooseFiles(apt, request), sources);
    const [first, ...others] = packages.filter(({ name, repository }) => lockedOnly.has(repository) && !free.has(name));
    if (first === undefined) return packages;
    if (round === maximumChoices) {
      const message = `${first.name} is not locked, and only locked packages may come from "${first.repository}"`;
      throw new CosaError('PACKAGE_UNAVAILABLE', message, { hint: 'lock it, or name the repository under "repos"' });
    }
    for (const { name, version } of [first, ...others]) preferences.push(preference(name, `version ${version}`, -1));
    await apt.setPreferences(preferences.join('\n'));
  }
}

async function chooseFiles(apt: PrivateApt, request: PackageRequest): Promise<ChosenFile[]> {
  const result = await apt.run(tools.aptGet, [
    'install',
    '--quiet',
    '--assume-yes',
    '--print-uris',
    '?essential',
    ...request.packages,
  ]);
  if (result.exitCode !== 0) throw solverError(`${result.stdout}\n${result.stderr}`, request.exclude);
  return result.stdout.split('\n').flatMap((line) => {
    const match = /^'([^']+)' (\S+)_(\S+)_([^_\s]+)\.deb \d+ /.exec(line);
    if (match === null) return [];
    const [, uri = '', name = '', version = '', architecture = ''] = match;
    return [{ uri, name, version: decodeURIComponent(version), architecture }];
  });
}

/** Completes what apt chose with the indexes' records. */
async function describeFiles(
  apt: PrivateApt,
  files: readonly ChosenFile[],
  sources: readonly DebSource[],
): Promise<LockedPackage[]> {
  if (files.length === 0) return [];
  const specs = files.map(({ name, version, architecture }) => `${name}:${architecture}=${version}`);
  const { stdout } = await apt.run(tools.aptCache, ['show', ...specs]);
  const records = new Map<string, ControlParagraph[]>();
  for (const record of parseControl(stdout, 'apt-cache show')) {
    const key = recordKey(record);
    records.set(key, [...(records.get(key) ?? []), record]);
  }
  return files.map((file) => {
    const candidates = records.get(`${file.name}=${file.version}:${file.architecture}`) ?? [];
    // The same version may stand in two repositories: the one whose path ends the address was chosen.
    const record = candidates.find((candidate) =>
      decodedEnd(file.uri, requiredField(candidate, 'Filename', file.name)),
    );
    if (record === undefined) {
      const message = `the indexes describe no file ${basename(file.uri)} of ${file.name}`;
      throw new CosaError('REPOSITORY_INCOMPLETE', message);
    }
    return lockedPackage(file, record, sources);
  });
}

function lockedPackage(file: ChosenFile, record: ControlParagraph, sources: readonly DebSource[]): LockedPackage {
  const path = requiredField(record, 'Filename', file.name).replace(/^(\.\/)+/, '');
  const address = decodeURIComponent(file.uri);
  const source = sources.find(({ uris }) => uris.some((uri) => address === decodeURIComponent(uri) + path));
  const sha256 = requiredField(record, 'SHA256', file.name);
  return {
    name: file.name,
    version: file.version,
    architecture: file.architecture,
    source: sourceOf(record, file.name),
    sha256,
    size: Number(requiredField(record, 'Size', file.name)),
    repository: source?.repository ?? sources[0]?.repository ?? '',
    path,
  };
}

function recordKey(record: ControlParagraph): string {
  const [name, version, architecture] = ['Package', 'Version', 'Architecture'].map((field) =>
    requiredField(record, field, 'a record of the index'),
  );
  return `${name}=${version}:${architecture}`;
}

function decodedEnd(uri: string, filename: string): boolean {
  return decodeURIComponent(uri).endsWith(`/${filename.replace(/^(\.\/)+/, '')}`);
}

async function unknownPackage(
  name: string,
  names: ReadonlySet<string>,
  request: PackageRequest,
  apt: PrivateApt,
): Promise<NameProblem> {
  const repositories = request.repositories.map((repository) => repository.name).join(', ');
  const providers = await providersOf(name, apt);
  if (providers.length > 0) {
    const hint = `name one of those that provide it: ${providers.slice(0, 8).join(', ')}`;
    return { name, message: `"${name}" is a virtual package`, hint };
  }
  const near = nearest(name, names, 3);
  return {
    name,
    message: `there is no package "${name}" in the repositories (${repositories})`,
    hint: near.length === 0 ? 'check the name, or add the repository that has it' : `did you mean ${near.join(', ')}?`,
  };
}

async function providersOf(name: string, apt: PrivateApt): Promise<string[]> {
  const { stdout } = await apt.run(tools.aptCache, ['showpkg', name]);
  const [, text = ''] = stdout.split('Reverse Provides:');
  const names = text.split('\n').map((line) => line.trim().split(' ')[0] ?? '');
  return sortByBytes(new Set(names.filter((provider) => provider !== '')));
}
