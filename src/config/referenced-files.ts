import { stat } from 'node:fs/promises';
import { digestFile, digestHex } from '../lib/digest.ts';
import { maximumConfigBytes } from '../lib/document/yaml.ts';
import { isSystemError, type SourcePosition, usageError } from '../lib/errors.ts';
import { readText } from '../lib/text-file.ts';
import { findNamedFile } from './required-files.ts';
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

/** A file that is copied into the installed root. */
export interface AddedFile {
  /** Absolute path on this machine. */
  source: string;
  /** In the root, without the leading slash. */
  path: string;
  mode: number;
  /** Of the content. */
  sha256: string;
}

/**
 * The files that `add-files` names. Modes do not depend on the umask of whoever checked the config out.
 * @throws CosaError `CONFIG_FILE_MISSING`, `CONFIG_FILE_OUTSIDE` (exit 2)
 */
export async function readAddedFiles({
  treefile,
  boundaryFor,
  directoryOf,
  positionOf,
}: LoadedTreefile): Promise<AddedFile[]> {
  return Promise.all(
    treefile['add-files'].map(async ([name, destination], index) => {
      const directory = directoryOf('add-files', index);
      const { identity } = await findNamedFile(boundaryFor(directory), directory, name, positionOf('add-files'));
      const isExecutable = ((await stat(identity)).mode & 0o100) !== 0;
      const { digest } = await digestFile(identity);
      const path = destination.replace(/^\/+/, '');
      return { source: identity, path, mode: isExecutable ? 0o755 : 0o644, sha256: digestHex(digest) };
    }),
  );
}

/**
 * The treefile's scripts in the order in which they run: `postprocess`, then `postprocess-script`.
 * @throws CosaError `CONFIG_FILE_MISSING` (exit 2)
 */
export async function readScripts({ treefile, positionOf, pathOf }: LoadedTreefile): Promise<Script[]> {
  const scripts = treefile.postprocess.map((content, index) => ({
    name: `postprocess[${index}]`,
    content,
    where: positionOf('postprocess', content),
  }));
  const file = treefile['postprocess-script'];
  if (file === undefined) return scripts;
  const path = pathOf(file);
  const content = await readNamedFile(path, file, positionOf('postprocess-script'));
  return [...scripts, { name: file, content, where: { file: path } }];
}

/**
 * Reads the account files that the treefile names.
 * @throws CosaError `CONFIG_FILE_MISSING` (exit 2)
 */
export async function readAccountFiles({ treefile, positionOf, pathOf }: LoadedTreefile): Promise<AccountFiles> {
  const files: AccountFiles = {};
  const read = (name: string, key: 'check-passwd' | 'check-groups') =>
    readNamedFile(pathOf(name), name, positionOf(key));
  const passwd = treefile['check-passwd'];
  if (passwd?.type === 'file') files.passwd = await read(passwd.filename, 'check-passwd');
  const group = treefile['check-groups'];
  if (group?.type === 'file') files.group = await read(group.filename, 'check-groups');
  return files;
}

async function readNamedFile(path: string, name: string, where: SourcePosition): Promise<string> {
  try {
    return await readText(path, maximumConfigBytes, where);
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    throw usageError('CONFIG_FILE_MISSING', `the file "${name}" does not exist`, { where });
  }
}
