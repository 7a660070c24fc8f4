import { realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { type SourcePosition, usageError } from '../lib/errors.ts';
import { ifExists } from '../lib/if-exists.ts';

/** The directory that files of a config may lie in, and how its errors name them. */
export interface Boundary {
  /** The config directory, absolute. */
  base: string;
  /** Real path of the git checkout that the config lies in; of the config directory itself where there is none. */
  outermost: string;
}

/** A file that a config names, found. */
export interface FoundFile {
  /** Absolute, by the names that the config uses. */
  path: string;
  /** What it is whatever its names are. */
  identity: string;
}

/**
 * The boundary of a config: a config directory may be one of several of a checkout, which share files.
 * @param base absolute
 */
export async function boundaryOf(base: string): Promise<Boundary> {
  const real = (await ifExists(realpath(base))) ?? base;
  for (let directory = real; ; directory = dirname(directory)) {
    if ((await ifExists(stat(join(directory, '.git')))) !== undefined) return { base, outermost: directory };
    if (dirname(directory) === directory) return { base, outermost: real };
  }
}

/** The boundary of a directory that came from somewhere else: nothing around it belongs to it. */
export async function closedBoundary(base: string): Promise<Boundary> {
  return { base, outermost: (await ifExists(realpath(base))) ?? base };
}

/**
 * Finds a file that a config names.
 * @param directory absolute: what the name is relative to
 * @returns `undefined` if there is none
 * @param name relative, or an absolute path of a file that is there
 * @throws CosaError `CONFIG_FILE_OUTSIDE` (exit 2) for one that leads out of the boundary, also through links, and any other absolute path
 */
export async function findFile(
  boundary: Boundary,
  directory: string,
  name: string,
  where: SourcePosition,
): Promise<FoundFile | undefined> {
  const path = isAbsolute(name) ? name : join(directory, name);
  const identity = await ifExists(realpath(path));
  const isOutside = identity !== undefined && relative(boundary.outermost, identity).split('/')[0] === '..';
  if (isAbsolute(name) && (identity === undefined || isOutside)) {
    throw usageError('CONFIG_FILE_OUTSIDE', `"${name}" is an absolute path, and no file of the config`, {
      where,
      hint: 'name files relative to the file that names them',
    });
  }
  if (identity === undefined) return undefined;
  if (isOutside) {
    throw usageError('CONFIG_FILE_OUTSIDE', `"${name}" leads out of the config`, {
      where,
      hint: `keep all files of the config below ${boundary.outermost}`,
    });
  }
  return { path, identity };
}
