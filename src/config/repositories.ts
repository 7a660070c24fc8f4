import { nearestHint } from '../lib/document/validate.ts';
import { type SourcePosition, usageError } from '../lib/errors.ts';
import { sortByBytes } from '../lib/order.ts';
import { attemptNow, endAtFirst, type Mistakes } from './mistakes.ts';
import { type DefinedRepository, readRepositoryFiles } from './repository-files.ts';
import type { LoadedTreefile } from './treefile.ts';

/** A repository definition of the config. */
export interface ConfigRepository extends DefinedRepository {
  /** `locked`: only packages of the lockfile are taken from it. */
  use: 'all' | 'locked';
}

/** The repositories of a config and the file ending that all of them have: it tells the package family. */
export interface ConfigRepositories {
  repositories: readonly ConfigRepository[];
  /** With the dot: `.sources`. `undefined` where there are none. */
  extension: string | undefined;
}

/**
 * The repositories that a config uses: those that `repos` names, or, where no file has that key, all that are defined beside the
 * manifest and enabled; then those of `lockfile-repos`.
 * @param base the config directory, absolute
 * @param known endings of the families that can be built
 * @throws CosaError what `mistakes` throws: `CONFIG_REPOSITORY_MISSING`, `CONFIG_REPOSITORY_AMBIGUOUS`,
 *   `CONFIG_REPOSITORIES_MIXED`, `CONFIG_SYNTAX` (exit 2)
 */
export async function findRepositories(
  base: string,
  { treefile, flat, positionOf }: Pick<LoadedTreefile, 'treefile' | 'flat' | 'positionOf'>,
  known: readonly string[],
  mistakes: Mistakes = endAtFirst,
): Promise<ConfigRepositories> {
  const defined = await readRepositoryFiles(base, known, mistakes);
  const repositories: ConfigRepository[] = [];
  for (const [key, use] of [
    ['repos', 'all'],
    ['lockfile-repos', 'locked'],
  ] as const) {
    for (const name of new Set(treefile[key])) {
      if (repositories.some((repository) => repository.name === name)) continue;
      const where = positionOf(key, name);
      const found = attemptNow(mistakes, () => named(name, defined, known, where));
      if (found !== undefined) repositories.push({ ...found, use });
    }
  }
  if (!flat.has('repos')) {
    const named = new Set(repositories.map(({ name }) => name));
    const enabled = defined.filter(({ name, enabled }) => enabled && !named.has(name));
    repositories.unshift(...enabled.map((repository) => ({ ...repository, use: 'all' as const })));
  }
  const [first] = repositories;
  const other = repositories.find(({ extension }) => extension !== first?.extension);
  if (first !== undefined && other !== undefined) {
    mistakes.note(
      usageError(
        'CONFIG_REPOSITORIES_MIXED',
        `the repositories "${first.name}" (${first.extension}) and "${other.name}" (${other.extension}) are of different package families`,
        { where: positionOf('repos', other.name) },
      ),
    );
  }
  return { repositories, extension: first?.extension };
}

function named(
  name: string,
  defined: readonly DefinedRepository[],
  known: readonly string[],
  where: SourcePosition,
): DefinedRepository {
  const [found, ...others] = defined.filter((repository) => repository.name === name);
  if (found === undefined) {
    const hint = nearestHint(name, sortByBytes(new Set(defined.map((repository) => repository.name))));
    const files = known.map((extension) =>
      extension === '.repo' ? `section [${name}] in a .repo file` : `${name}${extension}`,
    );
    throw usageError(
      'CONFIG_REPOSITORY_MISSING',
      `the repository "${name}" is not defined: there is no ${files.join(' nor ')} beside the manifest`,
      { where, ...(hint === undefined ? {} : { hint }) },
    );
  }
  const second = others.find(({ extension }) => extension !== found.extension);
  if (second !== undefined) {
    throw usageError(
      'CONFIG_REPOSITORY_AMBIGUOUS',
      `the repository "${name}" is defined in two files of different families`,
      {
        where,
        hint: `delete one of ${found.path} and ${second.path}: the ending tells the package family`,
      },
    );
  }
  return found;
}

/**
 * The ending that the repositories of a config have.
 * @param known endings of the families that can be built
 * @throws CosaError `CONFIG_REPOSITORY_MISSING` (exit 2)
 */
export function requireFamily(
  { extension }: ConfigRepositories,
  known: readonly string[],
  position: () => SourcePosition,
): string {
  if (extension === undefined) {
    throw usageError('CONFIG_REPOSITORY_MISSING', 'no package repository is named', {
      where: position(),
      hint: `add "repos: [NAME]" and beside it a file NAME with one of the endings ${known.join(', ')}`,
    });
  }
  return extension;
}
