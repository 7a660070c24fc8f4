import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { CosaError } from '../../../lib/errors.ts';
import { isMissing } from '../../../lib/if-exists.ts';
import { type BorrowedRepository, borrowRepository } from './borrowed.ts';
import { type FoundRepository, findRepository, repositoryAt } from './repository.ts';

/** The checkout that a directory lies in. */
export interface GitCheckout {
  /** The commit at HEAD. */
  revision: string;
  /** Its committer's date, in seconds since the epoch. */
  commitTime: number;
  /**
   * True if anything at or below the directory differs from it, files that git does not know included. What git itself
   * does to a text (ends of lines, encodings) is no difference; what a program does to it, as Git LFS, is one: no
   * program that a repository names is run.
   */
  dirty: boolean;
  /** The URL of the remote `origin`, as it was configured. */
  url: string | undefined;
}

/** Submodules in submodules, deeper than anybody has them. */
const maximumDepth = 10;

/**
 * Describes the checkout that a directory lies in; reads only, and starts nothing but git. The owner of the checkout
 * may be anybody.
 * @param directory an absolute path without links
 * @returns `undefined` if it lies in none, or if HEAD has nothing at or below it
 * @throws CosaError `TOOL_MISSING` (exit 3), `GIT_FAILED` for a damaged repository
 */
export async function gitCheckoutOf(directory: string): Promise<GitCheckout | undefined> {
  const found = await findRepository(directory);
  return found === undefined ? undefined : describe(found, directory, 0);
}

/**
 * Finds the commit that a name stands for in the checkout that a directory lies in: of a branch, a tag, a commit, or else of a
 * branch of its remote `origin`, where those of a clone are.
 * @param directory an absolute path without links
 * @returns `undefined` if there is none
 * @throws CosaError `TOOL_MISSING` (exit 3), `GIT_FAILED`
 */
export async function findCommit(directory: string, name: string): Promise<string | undefined> {
  const found = await findRepository(directory);
  if (found === undefined) return undefined;
  await using repository = await borrowRepository(found);
  for (const spelling of [name, `origin/${name}`]) {
    const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${spelling}^{commit}`];
    const { exitCode, stdout } = await repository.query(directory, args);
    if (exitCode === 0) return stdout.trim();
  }
  return undefined;
}

async function describe(found: FoundRepository, directory: string, depth: number): Promise<GitCheckout | undefined> {
  await using repository = await borrowRepository(found);
  const head = await repository.query(directory, ['log', '-1', '--format=%H %ct']);
  if (/does not have any commits yet/.test(head.stderr)) return undefined;
  if (head.exitCode !== 0) throw failure(directory, head.stderr);
  const [revision, seconds] = head.stdout.trim().split(' ');
  const known = await repository.query(directory, ['ls-tree', '-r', '-z', 'HEAD', './']);
  if (known.exitCode !== 0) throw failure(directory, known.stderr);
  if (revision === undefined || known.stdout === '') return undefined;
  const dirty = (await differs(repository, directory)) || (await submodulesDiffer(known.stdout, directory, depth));
  return { revision, commitTime: Number(seconds), dirty, url: repository.url };
}

/** True if files or the index differ from HEAD, those of submodules left out: git would start itself in each. */
async function differs(repository: BorrowedRepository, directory: string): Promise<boolean> {
  // An index of our own, without the marks by which the checkout's may call a file unchanged without a look at it.
  const own = await repository.query(directory, ['read-tree', 'HEAD']);
  if (own.exitCode !== 0) throw failure(directory, own.stderr);
  const status = ['status', '--porcelain', '-z', '--no-renames', '--untracked-files=normal', '--ignore-submodules=all'];
  const files = await repository.query(directory, [...status, '--', '.']);
  if (files.exitCode !== 0 || files.stdout !== '') return true;
  // What is only staged: a file that is ignored and was added all the same.
  const staged = ['diff-index', '--cached', '--quiet', '--ignore-submodules=none', 'HEAD', '--', '.'];
  return (await repository.query(directory, staged, true)).exitCode !== 0;
}

/** @param listing what `git ls-tree -r -z` prints: `MODE TYPE OBJECT<tab>PATH` */
async function submodulesDiffer(listing: string, directory: string, depth: number): Promise<boolean> {
  for (const entry of listing.split('\0')) {
    const [, commit, path] = /^160000 commit ([0-9a-f]+)\t(.+)$/s.exec(entry) ?? [];
    if (commit === undefined || path === undefined) continue;
    if (depth === maximumDepth) throw failure(directory, `submodules lie more than ${maximumDepth} deep`);
    if (await submoduleDiffers(join(directory, path), commit, depth + 1)) return true;
  }
  return false;
}

async function submoduleDiffers(directory: string, commit: string, depth: number): Promise<boolean> {
  let names: string[];
  try {
    // Behind a link there is something else.
    if ((await realpath(directory)) !== directory) return true;
    names = await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return true;
    throw error;
  }
  // One that was not checked out is an empty directory.
  if (names.length === 0) return false;
  const found = await repositoryAt(directory);
  const checkout = found === undefined ? undefined : await describe(found, directory, depth);
  return checkout === undefined || checkout.revision !== commit || checkout.dirty;
}

function failure(directory: string, why: string): CosaError {
  return new CosaError('GIT_FAILED', `git cannot read the checkout of ${directory}: ${why.trim()}`);
}
