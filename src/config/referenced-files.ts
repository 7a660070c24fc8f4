import { join } from 'node:path';
import { maximumConfigBytes } from '../lib/document/yaml.ts';
import { isSystemError, type SourcePosition, usageError } from '../lib/errors.ts';
import { readText } from '../lib/text-file.ts';
import type { LoadedTreefile } from './treefile.ts';

/** A script that runs in the installed root. */
export interface Script {
  /** How progress and errors name it: `postprocess[2]`, `postprocess.sh`. */
  name: string;
  content: string;
  /** Where it stands in the config. */
  where: SourcePosition;
}

/** Texts in passwd(5) and group(5) format that `check-passwd` and `check-groups` name. */
export interface AccountFiles {
  passwd?: string;
  group?: string;
}

/**
 * The treefile's scripts in the order in which they run: `postprocess`, then `postprocess-script`.
 * @throws CosaError `CONFIG_FILE_MISSING` (exit 2)
 */
export async function readScripts(base: string, { treefile, positionOf }: LoadedTreefile): Promise<Script[]> {
  const scripts = treefile.postprocess.map((content, index) => ({
    name: `postprocess[${index}]`,
    content,
    where: positionOf('postprocess', content),
  }));
  const file = treefile['postprocess-script'];
  if (file === undefined) return scripts;
  const content = await readNamedFile(base, file, positionOf('postprocess-script'));
  return [...scripts, { name: file, content, where: { file: join(base, file) } }];
}

/**
 * Reads the account files that the treefile names.
 * @throws CosaError `CONFIG_FILE_MISSING` (exit 2)
 */
export async function readAccountFiles(base: string, { treefile, positionOf }: LoadedTreefile): Promise<AccountFiles> {
  const files: AccountFiles = {};
  const passwd = treefile['check-passwd'];
  if (passwd?.type === 'file') files.passwd = await readNamedFile(base, passwd.filename, positionOf('check-passwd'));
  const group = treefile['check-groups'];
  if (group?.type === 'file') files.group = await readNamedFile(base, group.filename, positionOf('check-groups'));
  return files;
}

async function readNamedFile(base: string, name: string, where: SourcePosition): Promise<string> {
  try {
    return await readText(join(base, name), maximumConfigBytes);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    throw usageError('CONFIG_FILE_MISSING', `the file "${name}" does not exist`, { where });
  }
}
