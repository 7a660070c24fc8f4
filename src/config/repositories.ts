import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { nearestHint } from '../lib/document/validate.ts';
import { maximumConfigBytes } from '../lib/document/yaml.ts';
import { type SourcePosition, usageError } from '../lib/errors.ts';
import { readText } from '../lib/text-file.ts';

/** A repository definition of the config. */
export interface ConfigRepository {
  /** As `repos` names it. */
  name: string;
  /** Absolute path of the file. */
  path: string;
  text: string;
}

/** The repositories of a config and the file ending that all of them have: it tells the package family. */
export interface ConfigRepositories {
  repositories: readonly ConfigRepository[];
  /** With the dot: `.sources`. */
  extension: string;
}

/** Endings of families that are known by name alone. A config of theirs may lie here whole. */
const otherFamilies: Readonly<Record<string, string>> = { '.repo': 'rpm' };

/**
 * Finds the file of each repository beside the manifest.
 * @param extensions the endings that package families use
 * @param position gives the place of a name, for errors
 * @throws CosaError `CONFIG_REPOSITORY_MISSING`, `CONFIG_REPOSITORY_AMBIGUOUS`, `CONFIG_REPOSITORIES_MIXED` (exit 2)
 */
export async function findRepositories(
  base: string,
  names: readonly string[],
  extensions: readonly string[],
  position: (name?: string) => SourcePosition,
): Promise<ConfigRepositories> {
  if (names.length === 0) {
    throw usageError('CONFIG_REPOSITORY_MISSING', 'no package repository is named', {
      where: position(),
      hint: `add "repos: [NAME]" and beside it a file NAME with one of the endings ${extensions.join(', ')}`,
    });
  }
  const present = new Set(await readdir(base));
  const found: { name: string; extension: string }[] = [];
  for (const name of names) {
    const matching = extensions.filter((extension) => present.has(`${name}${extension}`));
    const [extension, second] = matching;
    if (extension === undefined) throw missing(name, extensions, present, position(name));
    if (second !== undefined) {
      throw usageError(
        'CONFIG_REPOSITORY_AMBIGUOUS',
        `the repository "${name}" has two files, ${name}${extension} and ${name}${second}`,
        { where: position(name), hint: 'delete one: the ending tells the package family' },
      );
    }
    found.push({ name, extension });
  }
  const first = found[0];
  if (first === undefined) throw new Error('names is not empty');
  const other = found.find(({ extension }) => extension !== first.extension);
  if (other !== undefined) {
    throw usageError(
      'CONFIG_REPOSITORIES_MIXED',
      `the repositories "${first.name}" (${first.extension}) and "${other.name}" (${other.extension}) are of different package families`,
      { where: position(other.name) },
    );
  }
  const repositories = await Promise.all(
    found.map(async ({ name, extension }) => {
      const path = join(base, `${name}${extension}`);
      return { name, path, text: await readText(path, maximumConfigBytes) };
    }),
  );
  return { repositories, extension: first.extension };
}

function missing(name: string, extensions: readonly string[], present: ReadonlySet<string>, where: SourcePosition) {
  const foreign = Object.keys(otherFamilies).find((extension) => present.has(`${name}${extension}`));
  if (foreign !== undefined) {
    const family = otherFamilies[foreign];
    const message = `${name}${foreign} is of the ${family} family, which this release does not build`;
    const hint = `it builds systems whose repositories are ${extensions.map((extension) => `NAME${extension}`).join(' or ')}`;
    return usageError('CONFIG_REPOSITORY_MISSING', message, { where, hint });
  }
  const known = [...present].flatMap((file) => {
    const extension = extensions.find((ending) => file.endsWith(ending));
    return extension === undefined ? [] : [file.slice(0, -extension.length)];
  });
  const files = extensions.map((extension) => `${name}${extension}`).join(' nor ');
  const hint = nearestHint(name, known);
  return usageError(
    'CONFIG_REPOSITORY_MISSING',
    `the repository "${name}" has no file: there is no ${files} beside the manifest`,
    { where, ...(hint === undefined ? {} : { hint }) },
  );
}
