import type { Lockfile } from '../../contract/lockfile.ts';
import { comparePackages } from '../../contract/lockfile.ts';
import { CosaError, usageError } from '../../lib/errors.ts';
import { mapParallel } from '../../lib/parallel.ts';
import type { BackendContext, PackageRequest } from '../backend.ts';
import { distributionOf } from '../distributions.ts';
import { type LocalPackage, replaceLocked } from '../local-packages.ts';
import { lockedPackages } from './chosen.ts';
import { type IndexStore, openIndexStore } from './index-store.ts';
import { readTrustedKeys } from './keys.ts';
import { type LocalIndex, updateIndex } from './metadata.ts';
import { readOverrides } from './overrides.ts';
import { type RpmRepository, readRepositories } from './repositories.ts';
import { openServers, type RepositoryServers } from './servers.ts';
import { type SolverAnswer, type SolverRequest, solve } from './solver.ts';
import { mentionsFiles, unsolvable } from './solver-messages.ts';
import { checkPins, unknownNames } from './unanswered.ts';

/** Repositories whose indexes are fetched at the same time. */
const parallel = 4;

/** Chooses the versions of a request and everything it depends on. See `PackageBackend.resolve` for the errors. */
export async function resolveRpms(request: PackageRequest, context: BackendContext): Promise<Lockfile> {
  const repositories = await readRepositories(request);
  for (const remark of repositories.flatMap(({ remarks }) => remarks)) context.reporter.warn(remark);
  if (repositories.length === 0) throw withoutRepository();
  const overrides = await readOverrides(request);
  await using servers = openServers(process.env, context.reporter.log);
  await using store = await openIndexStore(repositories, request.basearch, context);
  const update = (withFiles: boolean) => updateIndexes(repositories, { store, servers, withFiles }, context);
  let indexes = await update(false);
  let answer = await ask(request, indexes, overrides, store, context);
  if (needsFiles(answer)) {
    indexes = await update(true);
    answer = await ask(request, indexes, overrides, store, context);
  }
  if (request.pinnedOnly === true && !('packages' in answer)) {
    // What the lockfile lacks is then named by who compares the choice with it.
    answer = await ask({ ...request, pinnedOnly: false }, indexes, overrides, store, context);
  }
  if ('failure' in answer) throw indexUnreadable(answer.failure);
  if ('modular' in answer) throw modulesUnsupported(answer.modular);
  if ('unknown' in answer) throw unknownNames(answer, request, context);
  if ('problems' in answer) throw unsolvable(answer.problems, request.exclude);
  checkPins(request, answer, overrides);
  const fetching = { repositories, servers, overrides, context };
  const packages = await lockedPackages(answer.packages, fetching);
  const lock: Lockfile = {
    family: 'rpm',
    distribution: distributionOf(answer.packages.map(({ vendor }) => vendor))?.id,
    basearch: request.basearch,
    packages: packages.sort(comparePackages),
    ...(Object.keys(answer.answers).length === 0 ? {} : { answers: answer.answers }),
    repositoryTimestamp: Math.max(0, ...indexes.map(({ timestamp }) => timestamp)),
  };
  return replaceLocked(lock, overrides);
}

interface UpdateContext {
  store: IndexStore;
  servers: RepositoryServers;
  withFiles: boolean;
}

/** The indexes of all repositories; of those that a build may go on without, those that are there. */
async function updateIndexes(
  repositories: readonly RpmRepository[],
  { store, servers, withFiles }: UpdateContext,
  context: BackendContext,
): Promise<LocalIndex[]> {
  const { reporter } = context;
  const checksIndex = repositories.some((repository) => repository.checksIndex);
  const keys = await readTrustedKeys(checksIndex ? repositories : [], servers, context);
  const updateOne = async (repository: RpmRepository, signal: AbortSignal) => {
    try {
      const mirrors = servers.of(repository);
      return [await updateIndex(repository, { store, mirrors, keys, withFiles, signal, log: reporter.log })];
    } catch (error) {
      signal.throwIfAborted();
      if (!repository.isOptional || !isAbsence(error)) throw error;
      reporter.warn(`the repository "${repository.file.name}" is left out: ${error.message}`);
      return [];
    }
  };
  return (await mapParallel(repositories, updateOne, parallel, reporter.signal)).flat();
}

function isAbsence(error: unknown): error is CosaError {
  return error instanceof CosaError && ['REPOSITORY_UNREACHABLE', 'REPOSITORY_INDEX'].includes(error.code);
}

function ask(
  request: PackageRequest,
  indexes: readonly LocalIndex[],
  overrides: readonly LocalPackage[],
  store: IndexStore,
  { reporter }: BackendContext,
): Promise<SolverAnswer> {
  const there = new Set(indexes.map(({ repository }) => repository.file.name));
  const solving: SolverRequest = {
    cache: store.solver('cache'),
    state: store.solver('state'),
    root: store.solver('root'),
    architecture: request.basearch,
    release: request.variables.releasever ?? '',
    modulePlatform: request.modulePlatform ?? null,
    recommends: request.recommends,
    exclude: request.exclude,
    repositories: indexes.map(({ repository, directory }) => ({
      id: repository.file.name,
      directory,
      priority: repository.priority,
      cost: repository.cost,
      includes: repository.includes,
      excludes: repository.excludes,
      moduleHotfixes: repository.moduleHotfixes,
      lockedOnly: repository.file.use === 'locked',
    })),
    packages: request.packages,
    repositoryPackages: (request.repositoryPackages ?? []).filter(({ repository }) => there.has(repository)),
    pins: Object.fromEntries(
      Object.entries(request.pins).map(([name, version]) => [
        name,
        { version: version.replace(/^0:/, ''), architecture: request.pinnedArchitectures?.[name] ?? null },
      ]),
    ),
    pinnedOnly: request.pinnedOnly === true,
    overrides: overrides.map(({ file }) => file),
  };
  return solve(solving, reporter.signal);
}

/** True if what is missing may be a file that only the list of all files names. */
function needsFiles(answer: SolverAnswer): boolean {
  if ('unknown' in answer) return answer.unknown.some(({ spec }) => spec.startsWith('/'));
  return 'problems' in answer && mentionsFiles(answer.problems);
}

function withoutRepository(): Error {
  return usageError('REPOSITORY_INVALID', 'there is no repository that any package may be taken from', {
    hint: 'lockfile-repos need a lockfile: write one, or name other repositories with "repos"',
  });
}

function modulesUnsupported(repositories: readonly string[]): CosaError {
  const names = repositories.map((name) => `"${name}"`).join(', ');
  return new CosaError('TOOL_MISSING', `there are modules in ${names}, and dnf 5 cannot choose from them`, {
    hint: 'install the libraries of dnf 4, python3-dnf; or take packages of all modules, with module_hotfixes=1 in the section',
  });
}

function indexUnreadable(reason: string): CosaError {
  return new CosaError('REPOSITORY_INDEX', `the solver cannot read an index: ${reason}`, {
    hint: 'the repository may be damaged: name another mirror',
  });
}
