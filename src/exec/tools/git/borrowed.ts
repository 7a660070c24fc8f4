import { readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CosaError } from '../../../lib/errors.ts';
import { type RunResult, tryRun } from '../../run.ts';
import { openScratch } from '../../scratch.ts';
import { tools } from '../../tools.ts';
import { type FoundRepository, readConfiguration, readHead } from './repository.ts';

/**
 * A foreign repository as git may read it: with objects and references that are its, and no configuration but ours.
 *
 * The configuration of a repository names programs, and so do the files that it includes: for filters, file monitors,
 * hooks, signatures, missing objects. Whoever owns a config's checkout would have them run as whoever builds it, in no
 * sandbox. A list of what to switch off can never be complete, since filters have any name. So git is given a git
 * directory of our own that links to the repository's data, and of its configuration only {@link takenSettings}.
 */
export interface BorrowedRepository extends AsyncDisposable {
  /** The URL of the remote `origin`, as it was configured. */
  url: string | undefined;
  /**
   * Asks git something, in a directory of the work tree. Its index is our own, and empty at first.
   * @param theirIndex reads the checkout's index instead
   * @throws CosaError `TOOL_MISSING` (exit 3), `GIT_FAILED` if there is no answer in time
   */
  query(directory: string, args: readonly string[], theirIndex?: boolean): Promise<RunResult>;
}

/** What decides how bytes are read, and names no program, with the values that there are. */
const takenSettings: Readonly<Record<string, RegExp>> = {
  'core.autocrlf': /^(?:true|false|input)$/,
  'core.eol': /^(?:lf|crlf|native)$/,
  'core.filemode': /^(?:true|false)$/,
  'core.symlinks': /^(?:true|false)$/,
  'core.ignorecase': /^(?:true|false)$/,
  'extensions.objectformat': /^[a-z0-9]+$/,
  'extensions.refstorage': /^[a-z0-9]+$/,
};

/** What of a repository's common directory is data: the index's parts and HEAD lie elsewhere. */
const linkedNames = ['objects', 'refs', 'packed-refs', 'reftable', 'shallow', 'info'];

/** Neither the machine's nor the user's settings, so that a checkout is called dirty or clean everywhere alike. */
const environment = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_NO_LAZY_FETCH: '1',
  GIT_NO_REPLACE_OBJECTS: '1',
};

/** A repository can hold a pipe where git expects a file. */
const patienceMilliseconds = 120_000;

/** Makes a repository readable for git; nothing is written to it. Throws what {@link BorrowedRepository.query} throws. */
export async function borrowRepository(found: FoundRepository): Promise<BorrowedRepository> {
  const scratch = await openScratch(tmpdir());
  const directory = scratch.path;
  const dispose = () => scratch[Symbol.asyncDispose]();
  try {
    const settings = await readSettings(await readConfiguration(found));
    await writeFile(join(directory, 'config'), configuration(settings));
    await writeFile(join(directory, 'HEAD'), await readHead(found));
    for (const name of linkedNames) await symlink(join(found.commonDirectory, name), join(directory, name));
    // A split index has its larger part in files beside it.
    const shared = (await readdir(found.gitDirectory)).filter((name) => /^sharedindex\.[0-9a-f]+$/.test(name));
    for (const name of shared) await symlink(join(found.gitDirectory, name), join(directory, name));
    const env = { ...environment, GIT_DIR: directory, GIT_WORK_TREE: found.workTree };
    const theirs = { ...env, GIT_INDEX_FILE: join(found.gitDirectory, 'index') };
    return {
      url: settings.get('remote.origin.url'),
      query: (cwd, args, theirIndex = false) => ask(args, { cwd, env: theirIndex ? theirs : env }),
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** The settings of a configuration's text, the last one of a name; files that it includes are left out. */
async function readSettings(text: string): Promise<ReadonlyMap<string, string>> {
  // Any directory will do as the git directory: without one, git would look for a repository where we stand.
  const env = { ...environment, GIT_DIR: '/' };
  const args = ['config', '--file', '-', '--no-includes', '--null', '--list'];
  const { exitCode, stdout, stderr } = await ask(args, { cwd: '/', env, input: text });
  if (exitCode !== 0) throw new CosaError('GIT_FAILED', `git cannot read the configuration: ${stderr.trim()}`);
  const settings = new Map<string, string>();
  for (const setting of stdout.split('\0')) {
    const end = setting.indexOf('\n');
    // A name without a value is "true".
    if (end < 0) settings.set(setting, 'true');
    else settings.set(setting.slice(0, end), setting.slice(end + 1));
  }
  return settings;
}

function configuration(settings: ReadonlyMap<string, string>): string {
  const lines = ['core.repositoryformatversion=1', 'core.bare=false'];
  lines.push('core.excludesfile=/dev/null', 'core.attributesfile=/dev/null');
  for (const [name, values] of Object.entries(takenSettings)) {
    const value = settings.get(name)?.toLowerCase();
    if (value !== undefined && values.test(value)) lines.push(`${name}=${value}`);
  }
  return lines.map((line) => line.replace(/^(\w+)\.(\w+)=(.*)$/, '[$1]\n\t$2 = $3\n')).join('');
}

async function ask(
  args: readonly string[],
  options: { cwd: string; env: Record<string, string>; input?: string },
): Promise<RunResult> {
  const deadline = AbortSignal.timeout(patienceMilliseconds);
  try {
    return await tryRun(tools.git, args, { ...options, signal: deadline });
  } catch (cause) {
    if (!deadline.aborted) throw cause;
    const seconds = patienceMilliseconds / 1000;
    throw new CosaError('GIT_FAILED', `git has not read the checkout of ${options.cwd} within ${seconds} s`, { cause });
  }
}
