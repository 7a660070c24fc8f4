import { type SourcePosition, usageError } from '../../../lib/errors.ts';
import { readTextIfExists } from '../../../lib/text-file.ts';
import type { RepositoryFile } from '../../backend.ts';

/** One `[NAME]` of a `.repo` file: its options as they stand there. */
export interface RepositorySection {
  file: RepositoryFile;
  /** By name in lower case; lines of one value are joined by line breaks. What stands twice counts as the last time. */
  options: ReadonlyMap<string, string>;
}

/**
 * Reads the options of a section.
 * @param file with its text: {@link RepositoryFile.text}
 * @see https://dnf.readthedocs.io/en/latest/conf_ref.html#repo-options
 */
export function readSection(file: RepositoryFile): RepositorySection {
  const options = new Map<string, string>();
  let last: string | undefined;
  for (const line of (file.text ?? '').split('\n')) {
    const [, name, value = ''] = /^([^\s=:]+)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined) {
      last = name.toLowerCase();
      options.set(last, value);
    } else if (last !== undefined && /^\s+\S/.test(line)) {
      options.set(last, `${options.get(last) ?? ''}\n${line.trim()}`);
    }
  }
  return { file, options };
}

/** Where an option of a section stands. The file is read again: only errors ask. */
export async function positionOfOption({ path, name }: RepositoryFile, option?: string): Promise<SourcePosition> {
  const lines = ((await readTextIfExists(path)) ?? '').split(/\r?\n/);
  const begin = lines.findIndex((line) => line.trimEnd() === `[${name}]`);
  if (begin < 0) return { file: path };
  const length = lines.slice(begin + 1).findIndex((line) => line.startsWith('['));
  const own = length < 0 ? lines.slice(begin + 1) : lines.slice(begin + 1, begin + 1 + length);
  const isIt = (line: string) => option !== undefined && new RegExp(`^${option}\\s*[=:]`, 'i').test(line);
  return { file: path, line: begin + own.findLastIndex(isIt) + 2 };
}

/** The error for a section that cannot be used. */
export async function invalidRepository(
  file: RepositoryFile,
  option: string | undefined,
  message: string,
  hint?: string,
): Promise<Error> {
  const where = await positionOfOption(file, option);
  return usageError('REPOSITORY_INVALID', `the repository "${file.name}": ${message}`, {
    where,
    ...(hint === undefined ? {} : { hint }),
  });
}
