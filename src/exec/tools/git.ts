import { CosaError } from '../../lib/errors.ts';
import { type RunOptions, run, tryRun } from '../run.ts';
import type { Tool } from '../tool.ts';

export const git: Tool = {
  name: 'git',
  packages: { deb: 'git', rpm: 'git' },
  purpose: 'fetches a config and tells its revision',
};

// A question on the terminal would be lost behind the progress view.
const environment = { GIT_TERMINAL_PROMPT: '0' };

/**
 * Clones a repository with its submodules into a directory that does not exist yet.
 * @throws CosaError `TOOL_FAILED` with what git says
 */
export async function gitClone(
  url: string,
  directory: string,
  options: Pick<RunOptions, 'signal' | 'onStderrLine'> & { branch?: string | undefined } = {},
): Promise<void> {
  const { branch, ...rest } = options;
  const args = ['clone', '--recurse-submodules', ...(branch === undefined ? [] : ['--branch', branch])];
  await run(git, [...args, '--', url, directory], { ...rest, env: environment });
}

/** Checks a commit out, detached, with its submodules as they were then. */
export async function gitCheckout(directory: string, revision: string, signal?: AbortSignal): Promise<void> {
  const options = { cwd: directory, env: environment, ...(signal === undefined ? {} : { signal }) };
  await run(git, ['checkout', '--quiet', '--detach', '--recurse-submodules', revision, '--'], options);
}

/** The checkout that a directory lies in. */
export interface GitCheckout {
  /** The commit at HEAD. */
  revision: string;
  /** Its committer's date, in seconds since the epoch. */
  commitTime: number;
  /** True if anything at or below the directory differs from it, files that git does not know included. */
  dirty: boolean;
  /** The URL of the remote `origin`, as it was configured. */
  url: string | undefined;
}

/**
 * Describes the checkout that a directory lies in; reads only.
 * @returns `undefined` if it lies in none, or if HEAD has nothing at or below it
 * @throws CosaError `TOOL_MISSING` (exit 3), `GIT_FAILED` for a damaged repository
 */
export async function gitCheckoutOf(directory: string): Promise<GitCheckout | undefined> {
  const head = await query(directory, ['log', '-1', '--format=%H %ct']);
  if (/not a git repository|does not have any commits yet/.test(head.stderr)) return undefined;
  if (head.exitCode !== 0) {
    throw new CosaError('GIT_FAILED', `git cannot read the checkout of ${directory}: ${head.stderr.trim()}`);
  }
  const [revision, seconds] = head.stdout.trim().split(' ');
  const known = await query(directory, ['ls-tree', '--name-only', 'HEAD', './']);
  if (revision === undefined || known.exitCode !== 0 || known.stdout === '') return undefined;
  const [status, remote] = await Promise.all([
    query(directory, ['status', '--porcelain', '-z', '--ignore-submodules=none', '--', '.']),
    query(directory, ['config', '--get', 'remote.origin.url']),
  ]);
  const url = remote.stdout.trim();
  return {
    revision,
    commitTime: Number(seconds),
    dirty: status.exitCode !== 0 || status.stdout !== '',
    url: url === '' ? undefined : url,
  };
}

async function query(directory: string, args: readonly string[]) {
  // The config may belong to another user than the builder, in a container above all: git would refuse it. Its owner
  // is trusted with far more than this (the config's scripts run in the build); a file monitor is not needed all the same.
  const trust = ['-c', 'safe.directory=*', '-c', 'core.fsmonitor=false', '--no-optional-locks'];
  return tryRun(git, [...trust, ...args], { cwd: directory, env: environment });
}
