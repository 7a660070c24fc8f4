import { type RunOptions, run } from '../run.ts';
import { tools } from '../tools.ts';

// A question on the terminal would be lost behind the progress view.
const environment = { GIT_TERMINAL_PROMPT: '0' };

/**
 * What git may fetch with, whatever the address or a submodule's address says: `ext::` is a command line, and other
 * names start a program `git-remote-NAME`. A repository of this machine may be named by the user, not by a submodule.
 */
const transports = [
  'protocol.allow=never',
  'protocol.https.allow=always',
  'protocol.http.allow=always',
  'protocol.ssh.allow=always',
  'protocol.git.allow=always',
  'protocol.file.allow=user',
].flatMap((setting) => ['-c', setting]);

/**
 * Clones a repository with its submodules into a directory that does not exist yet, over https, http, ssh, git's own
 * protocol, or from a directory of this machine.
 * @throws CosaError `TOOL_FAILED` with what git says
 */
export async function gitClone(
  url: string,
  directory: string,
  options: Pick<RunOptions, 'signal' | 'onStderrLine'> & { branch?: string | undefined } = {},
): Promise<void> {
  const { branch, ...rest } = options;
  const args = [...transports, 'clone', '--recurse-submodules', ...(branch === undefined ? [] : ['--branch', branch])];
  await run(tools.git, [...args, '--', url, directory], { ...rest, env: environment });
}

/** Checks a commit of our own clone out, detached, with its submodules as they were then. */
export async function gitCheckout(directory: string, revision: string, signal?: AbortSignal): Promise<void> {
  const options = { cwd: directory, env: environment, ...(signal === undefined ? {} : { signal }) };
  const args = ['checkout', '--quiet', '--detach', '--recurse-submodules', revision, '--'];
  await run(tools.git, [...transports, ...args], options);
}
