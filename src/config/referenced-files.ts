import { stat } from 'node:fs/promises';
import { join } from 'node:path';
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
  boundary,
  directoryOf,
  positionOf,
}: LoadedTreefile): Promise<AddedFile[]> {
  return Promise.all(
    treefile['add-files'].map(async ([name, destination], index) => {
      const { identity } = await findNamedFile(
        boundary,
        directoryOf('add-files', index),
        name,
        positionOf('add-files'),
      );
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
