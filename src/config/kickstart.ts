import type { YamlFile } from '../lib/document/yaml.ts';
import { type SourcePosition, usageError } from '../lib/errors.ts';

/** A package that a kickstart names, or excludes. */
interface KickstartEntry {
  name: string;
  where: SourcePosition;
}

/** What a kickstart says of packages, with all that it includes. */
interface KickstartPackages {
  install: KickstartEntry[];
  exclude: KickstartEntry[];
  withoutWeakDependencies: SourcePosition | undefined;
}

/** Files of one kickstart: more are a mistake. */
const maximumFiles = 255;

/**
 * Reads the `%packages` of a kickstart, and those of the files that it has under `%include`. No other command may stand in it.
 * @param read gives the text of a file that is named beside the first one
 * @returns a treefile with `packages`, `exclude-packages` and, where it is off, `recommends`
 * @throws CosaError `CONFIG_SYNTAX`, `CONFIG_INCLUDE_LOOP` (exit 2) with the line, what `read` throws
 */
export async function readKickstart(
  path: string,
  text: string,
  read: (name: string, where: SourcePosition) => Promise<{ path: string; text: string }>,
): Promise<YamlFile> {
  const packages: KickstartPackages = { install: [], exclude: [], withoutWeakDependencies: undefined };
  const seen = new Set<string>();
  async function add(file: string, content: string, where: SourcePosition): Promise<void> {
    if (seen.has(file)) throw usageError('CONFIG_INCLUDE_LOOP', `${file} is included already`, { where });
    if (seen.size === maximumFiles) throw syntaxError(`there are more than ${maximumFiles} files`, where);
    seen.add(file);
    for (const included of parseKickstart(file, content, packages)) {
      const next = await read(included.name, included.where);
      await add(next.path, next.text, included.where);
    }
  }
  await add(path, text, { file: path });
  return treefileOf(path, packages);
}

/** Adds a file's packages, and gives what it includes. */
function parseKickstart(file: string, text: string, packages: KickstartPackages): KickstartEntry[] {
  const included: KickstartEntry[] = [];
  let begin: SourcePosition | undefined;
  for (const [index, whole] of text.split(/\r?\n/).entries()) {
    const line = whole.trim();
    const where = { file, line: index + 1, column: 1 };
    if (line === '' || whole.startsWith('#')) continue;
    if (begin !== undefined) {
      if (line === '%end') begin = undefined;
      else if (line.startsWith('-')) packages.exclude.push({ name: line.slice(1), where });
      else packages.install.push({ name: line, where });
      continue;
    }
    const [verb, ...words] = wordsOf(line, where);
    if (verb === '%packages') {
      begin = where;
      const unknown = words.find((word) => word !== '--exclude-weakdeps');
      if (unknown !== undefined) throw syntaxError(`%packages has no option ${unknown} here`, where);
      if (words.length > 0) packages.withoutWeakDependencies ??= where;
    } else if (verb === '%include' && words.length === 1) {
      included.push({ name: words[0] ?? '', where });
    } else {
      throw syntaxError(`"${line}" is neither %packages nor %include FILE`, where);
    }
  }
  if (begin !== undefined) throw syntaxError('%packages has no %end', begin);
  return included;
}

/** A line's words, as a shell has them: with quotes, and up to a comment. */
function wordsOf(line: string, where: SourcePosition): string[] {
  const words: string[] = [];
  let rest = line;
  while (rest !== '' && !rest.startsWith('#')) {
    const [word] = /^(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])+/.exec(rest) ?? [];
    if (word === undefined) throw syntaxError(`a quote has no second one in "${line}"`, where);
    words.push(word.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g, unquoted));
    rest = rest.slice(word.length).trimStart();
  }
  return words;
}

function unquoted(_: string, double: string | undefined, single: string | undefined, escaped = ''): string {
  return double?.replace(/\\(["\\$`])/g, '$1') ?? single ?? escaped;
}

function treefileOf(path: string, { install, exclude, withoutWeakDependencies }: KickstartPackages): YamlFile {
  const position = ([key, index]: readonly PropertyKey[]): SourcePosition => {
    if (key === 'recommends' && withoutWeakDependencies !== undefined) return withoutWeakDependencies;
    const list = key === 'exclude-packages' ? exclude : install;
    return list[Number(index ?? 0)]?.where ?? { file: path };
  };
  return {
    path,
    value: {
      // One line is one package, whatever is in it.
      packages: install.map(({ name }) => `'${name}'`),
      'exclude-packages': exclude.map(({ name }) => name),
      ...(withoutWeakDependencies === undefined ? {} : { recommends: false }),
    },
    valuePosition: position,
    keyPosition: position,
  };
}

function syntaxError(message: string, where: SourcePosition): Error {
  return usageError('CONFIG_SYNTAX', `this is not a kickstart of packages: ${message}`, { where });
}
