import { CosaError } from '../../lib/errors.ts';
import { nearest } from '../../lib/nearest.ts';
import { printable } from '../../lib/printable.ts';
import { problemsError } from '../../lib/problems.ts';
import type { BackendContext, PackageRequest } from '../backend.ts';
import type { LocalPackage } from '../local-packages.ts';
import type { SolverAnswer, UnknownName } from './solver.ts';

type Unknown = Extract<SolverAnswer, { unknown: unknown }>;
type Choice = Extract<SolverAnswer, { packages: unknown }>;

/** One error for all names of a request that no package answers to, each with its place and near names. */
export function unknownNames(
  { unknown, names }: Unknown,
  request: PackageRequest,
  { positionOf }: BackendContext,
): Error {
  const repositories = request.repositories.map(({ name }) => name).join(', ');
  const problems = unknown.map((item) => ({
    code: 'PACKAGE_UNKNOWN' as const,
    ...explained(item, repositories, names),
    where: positionOf?.(item.spec),
  }));
  const [first, ...others] = problems;
  return first === undefined
    ? new CosaError('PACKAGE_UNKNOWN', 'the solver does not know a name')
    : problemsError([first, ...others]);
}

function explained(
  { spec, repository, excluded }: UnknownName,
  repositories: string,
  names: readonly string[],
): { message: string; hint: string } {
  const shown = printable(spec);
  // rpm-ostree says of them that there is no such package.
  if (spec.startsWith('@')) {
    return {
      message: `"${shown}" names a group of packages or a module, and groups are not chosen from`,
      hint: 'name the packages that are wanted: "dnf group info" and "dnf module info" list them',
    };
  }
  if (excluded.length > 0) {
    return {
      message: `no package may be taken for "${shown}": ${excluded.map(printable).join(', ')} ${excluded.length === 1 ? 'is' : 'are'} left out`,
      hint: 'exclude-packages, includepkgs and excludepkgs of a section, lockfile-repos, repo-packages and modules leave packages out',
    };
  }
  const near = /^[\w+.-]+$/.test(spec) ? nearest(spec, names, 3) : [];
  return {
    message: `there is no package "${shown}" in the repositories (${repository ?? repositories})`,
    hint: near.length === 0 ? 'check the name, or add the repository that has it' : `did you mean ${near.join(', ')}?`,
  };
}

/**
 * The solver takes another version where there is none that a pin names.
 * @throws CosaError `PACKAGE_UNAVAILABLE` naming each package, and the versions that there are
 */
export function checkPins(request: PackageRequest, choice: Choice, overrides: readonly LocalPackage[]): void {
  const local = new Set(overrides.map(({ locked }) => locked.name));
  const gone = choice.packages.flatMap(({ name, version, architecture }) => {
    const pinned = request.pins[name]?.replace(/^0:/, '');
    const pinnedArchitecture = request.pinnedArchitectures?.[name] ?? architecture;
    if (pinned === undefined || local.has(name)) return [];
    if (pinned === version && pinnedArchitecture === architecture) return [];
    const wanted = request.pinnedArchitectures?.[name] === undefined ? pinned : `${pinned}.${pinnedArchitecture}`;
    const available = (choice.available[name] ?? []).slice(0, 5).map(printable);
    return [`${name} is pinned to ${wanted}, and the repositories have ${available.join(', ')}`];
  });
  if (gone.length === 0) return;
  throw new CosaError('PACKAGE_UNAVAILABLE', gone.join('\n'), {
    hint: 'change the lockfile or manifest-lock.overrides.yaml, or name a repository that keeps old versions',
  });
}
