import { dirname, join, resolve } from 'node:path';
import { CosaError } from '../../../lib/errors.ts';
import { isDirectory } from '../../../lib/files.ts';
import { readTextIfExists } from '../../../lib/text-file.ts';

/**
 * Where the parts of a checkout lie, by https://git-scm.com/docs/gitrepository-layout. Found without git, which
 * would read the repository's configuration, and start the programs that it names.
 */
export interface FoundRepository {
  /** The directory that holds `.git`. */
  workTree: string;
  /** What is this checkout's own: HEAD, the index. */
  gitDirectory: string;
  /** What a repository's worktrees share: objects, references, configuration. */
  commonDirectory: string;
}

/** Links to directories and names of references are short; a longer file is none of git's. */
const maximumLinkBytes = 8 * 1024;

/**
 * The repository of the checkout that a directory lies in: of the nearest directory above it that has a `.git`.
 * @throws CosaError `GIT_FAILED` for a `.git` that leads nowhere
 */
export async function findRepository(directory: string): Promise<FoundRepository | undefined> {
  for (let workTree = directory; ; workTree = dirname(workTree)) {
    const found = await repositoryAt(workTree);
    if (found !== undefined || workTree === dirname(workTree)) return found;
  }
}

/** The repository whose checkout has its top at this very directory; throws what {@link findRepository} throws. */
export async function repositoryAt(workTree: string): Promise<FoundRepository | undefined> {
  const dotGit = join(workTree, '.git');
  if (await isDirectory(dotGit)) {
    const found = await withCommonDirectory(workTree, dotGit);
    return (await isRepository(found)) ? found : undefined;
  }
  const link = await readSmallFile(dotGit, maximumLinkBytes);
  if (link === undefined) return undefined;
  const target = /^gitdir: (.+)\n?$/.exec(link)?.[1];
  if (target === undefined) throw unreadable(dotGit, 'it is no link to a git directory');
  const found = await withCommonDirectory(workTree, resolve(workTree, target));
  if (!(await isRepository(found))) throw unreadable(dotGit, `there is no git directory at ${target}`);
  return found;
}

async function withCommonDirectory(workTree: string, gitDirectory: string): Promise<FoundRepository> {
  const link = await readSmallFile(join(gitDirectory, 'commondir'), maximumLinkBytes);
  const commonDirectory = link === undefined ? gitDirectory : resolve(gitDirectory, link.trimEnd());
  return { workTree, gitDirectory, commonDirectory };
}

async function isRepository({ gitDirectory, commonDirectory }: FoundRepository): Promise<boolean> {
  const head = await readSmallFile(join(gitDirectory, 'HEAD'), maximumLinkBytes);
  return head !== undefined && (await isDirectory(join(commonDirectory, 'objects')));
}

/** What HEAD says: a reference or a commit. */
export async function readHead({ gitDirectory }: FoundRepository): Promise<string> {
  return (await readSmallFile(join(gitDirectory, 'HEAD'), maximumLinkBytes)) ?? '';
}

/** The text of a repository's configuration; none is empty. */
export async function readConfiguration({ commonDirectory }: FoundRepository): Promise<string> {
  return (await readSmallFile(join(commonDirectory, 'config'), 1024 * 1024)) ?? '';
}

/** The text of a file of a foreign repository, which may be anything. */
async function readSmallFile(path: string, maximumBytes: number): Promise<string | undefined> {
  try {
    return await readTextIfExists(path, maximumBytes);
  } catch (error) {
    if (error instanceof CosaError) throw new CosaError('GIT_FAILED', error.message, { cause: error });
    throw error;
  }
}

function unreadable(path: string, why: string): CosaError {
  return new CosaError('GIT_FAILED', `git cannot read ${path}: ${why}`);
}
