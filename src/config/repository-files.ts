import { basename, join } from 'node:path';
import { maximumConfigBytes } from '../lib/document/yaml.ts';
import { usageError } from '../lib/errors.ts';
import { namesIn } from '../lib/files.ts';
import { readTextIfExists } from '../lib/text-file.ts';
import { attempt, type Mistakes } from './mistakes.ts';

/** A package repository that a file beside the manifest defines. */
export interface DefinedRepository {
  /** What `repos` calls it: a section's name (`.repo`), the file's, or the `X-Repolib-ID` of one of its stanzas (`.sources`). */
  name: string;
  /** Absolute path of the file. */
  path: string;
  /** With the dot: it tells the package family. */
  extension: string;
  /** What the file says of it; of a stanza, with empty lines for those before, so that lines keep their numbers. */
  text: string;
  /** Whether it is used where the config names none. */
  enabled: boolean;
}

/**
 * All repositories that are defined beside the manifest, by file in byte order, then as they stand.
 * @param extensions the endings of repository files, with the dot
 * @throws CosaError what `mistakes` throws: `CONFIG_SYNTAX` (exit 2) with the line, `CONFIG_REPOSITORY_MISSING` (exit 2), what {@link readTextIfExists} throws
 */
export async function readRepositoryFiles(
  base: string,
  extensions: readonly string[],
  mistakes: Mistakes,
): Promise<DefinedRepository[]> {
  const found: DefinedRepository[] = [];
  for (const file of await namesIn(base)) {
    const extension = extensions.find((ending) => file.endsWith(ending) && file !== ending);
    if (extension === undefined) continue;
    const defined = await attempt(mistakes, () => repositoriesOf(join(base, file), extension));
    found.push(...(defined ?? []));
  }
  return found;
}

async function repositoriesOf(path: string, extension: string): Promise<DefinedRepository[]> {
  const text = await readFileOfConfig(path);
  if (extension === '.repo') return sectionsOf(text, path);
  return [{ name: basename(path, extension), path, extension, text, enabled: true }, ...stanzasOf(text, path)];
}

/** A name that is there and has no file behind it: configs have links to files of their submodules. */
async function readFileOfConfig(path: string): Promise<string> {
  const where = { file: path };
  const text = await readTextIfExists(path, maximumConfigBytes, where);
  if (text !== undefined) return text;
  throw usageError('CONFIG_REPOSITORY_MISSING', `${basename(path)} is a link, and nothing is there`, {
    where,
    hint: 'if it leads into a submodule: git submodule update --init',
  });
}

/**
 * The stanzas of a `.sources` file that have a name of their own, which repolib gives them. A stanza that `repos` names is
 * used even if it is not enabled, as a section of a `.repo` file is; together with its file it is used as that says.
 * https://manpages.debian.org/stable/apt/sources.list.5.en.html#DEB822-STYLE_FORMAT
 */
function stanzasOf(text: string, path: string): DefinedRepository[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const isBlank = (line: string) => /^\s*$/.test(line);
  const begins = lines.flatMap((line, index) => (!isBlank(line) && isBlank(lines[index - 1] ?? '') ? [index] : []));
  return begins.flatMap((begin) => {
    const length = lines.slice(begin).findIndex(isBlank);
    const stanza = lines.slice(begin, length === -1 ? undefined : begin + length);
    const [, name] = /^X-Repolib-ID:\s*(\S.*?)\s*$/im.exec(stanza.join('\n')) ?? [];
    if (name === undefined) return [];
    const enabled = stanza.map((line) => (/^Enabled:/i.test(line) ? 'Enabled: yes' : line));
    const placed = [...lines.slice(0, begin).map(() => ''), ...enabled];
    return [{ name, path, extension: '.sources', text: `${placed.join('\n')}\n`, enabled: false }];
  });
}

/** The sections of a `.repo` file: https://dnf.readthedocs.io/en/latest/conf_ref.html */
function sectionsOf(text: string, path: string): DefinedRepository[] {
  const sections: { name: string; lines: string[] }[] = [];
  for (const [index, line] of text
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .entries()) {
    const [, name] = /^\[([^\]]+)\]\s*$/.exec(line) ?? [];
    const isComment = /^\s*(?:[#;]|$)/.test(line);
    if (name !== undefined) sections.push({ name, lines: [] });
    else if (!isComment && sections.length === 0)
      throw syntaxError('nothing may stand before the first [NAME]', path, index);
    else if (!isComment && !/^(?:\s|[^\s=:]+\s*[=:])/.test(line))
      throw syntaxError(`"${line}" is no KEY=VALUE`, path, index);
    if (!isComment) sections.at(-1)?.lines.push(line.trimEnd());
  }
  return sections
    .filter(({ name }) => name !== 'main')
    .map(({ name, lines }) => ({
      name,
      path,
      extension: '.repo',
      text: `${lines.join('\n')}\n`,
      enabled: !lines.some((line) => /^enabled\s*[=:]\s*(?:0|no|false|off|disabled)\s*$/i.test(line)),
    }));
}

function syntaxError(message: string, file: string, index: number): Error {
  return usageError('CONFIG_SYNTAX', `this is not a repository file: ${message}`, {
    where: { file, line: index + 1, column: 1 },
  });
}
