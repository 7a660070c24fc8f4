import { z } from 'zod';
import { CosaError, usageError } from '../../lib/errors.ts';
import type { Tool } from '../tools.ts';

// The protocol: https://github.com/docker/docker-credential-helpers#development
// Helpers are not in the list of tools: which one there is, if any, the user's own files say.

/** What a helper keeps for a server. */
export interface HelperEntry {
  username: string;
  secret: string;
}

/** The user name that marks a secret as an identity token. */
export const tokenUsername = '<token>';

/** What helpers print, exit status 1, for a server that they know nothing of. */
const notFound = 'credentials not found in native keychain';

/** Far more than any token has. */
const maximumAnswerBytes = 1 << 20;
/** A helper may ask for a passphrase in a window of its own; one that hangs must not hang a build. */
const timeoutMilliseconds = 120_000;

const answer = z.object({ Username: z.string(), Secret: z.string() });

/**
 * Asks `docker-credential-NAME` for a server's credentials.
 * @param name from the user's file, checked here
 * @param environment handed on as it is: a helper may need its user's session, keyring or cloud account
 * @returns `undefined` if the helper knows none
 * @throws CosaError `CREDENTIAL_HELPER_NAME` (exit 2), `TOOL_MISSING` (exit 3), `CREDENTIAL_HELPER_FAILED`; none of
 *   them quotes what the helper printed
 */
export async function getFromHelper(
  name: string,
  server: string,
  environment: NodeJS.ProcessEnv,
): Promise<HelperEntry | undefined> {
  const { exitCode, stdout } = await call(name, 'get', server, environment);
  if (exitCode !== 0) {
    if (stdout.trim() === notFound) return undefined;
    throw failed(name, 'get', server, `its exit status is ${exitCode}`);
  }
  const parsed = answer.safeParse(jsonOrUndefined(stdout));
  if (!parsed.success) throw failed(name, 'get', server, 'it printed no JSON with Username and Secret');
  const { Username: username, Secret: secret } = parsed.data;
  return secret === '' ? undefined : { username, secret };
}

/** Hands credentials to a helper to keep. Errors as {@link getFromHelper}. */
export async function storeInHelper(
  name: string,
  server: string,
  entry: HelperEntry,
  environment: NodeJS.ProcessEnv,
): Promise<void> {
  const input = JSON.stringify({ ServerURL: server, Username: entry.username, Secret: entry.secret });
  const { exitCode } = await call(name, 'store', server, environment, input);
  if (exitCode !== 0) throw failed(name, 'store', server, `its exit status is ${exitCode}`);
}

/**
 * Makes a helper forget a server. Errors as {@link getFromHelper}.
 * @returns false if it knew nothing of it
 */
export async function eraseFromHelper(name: string, server: string, environment: NodeJS.ProcessEnv): Promise<boolean> {
  // Not every helper says on its own that there was nothing.
  if ((await getFromHelper(name, server, environment)) === undefined) return false;
  const { exitCode } = await call(name, 'erase', server, environment);
  if (exitCode !== 0) throw failed(name, 'erase', server, `its exit status is ${exitCode}`);
  return true;
}

interface Answer {
  exitCode: number;
  stdout: string;
}

async function call(
  name: string,
  action: 'get' | 'store' | 'erase',
  server: string,
  environment: NodeJS.ProcessEnv,
  input = server,
): Promise<Answer> {
  const tool = helperTool(name);
  const variables = Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const signal = AbortSignal.timeout(timeoutMilliseconds);
  try {
    // Most users have no helper, and starting programs takes modules that take long to load.
    const { tryRun } = await import('../run.ts');
    return await tryRun(tool, [action], {
      env: Object.fromEntries(variables),
      input,
      signal,
      maximumOutputBytes: maximumAnswerBytes,
    });
  } catch (error) {
    if (!(error instanceof CosaError) || error.code === 'TOOL_MISSING') throw error;
    throw failed(name, action, server, signal.aborted ? 'it did not answer in time' : 'it was ended early');
  }
}

function helperTool(name: string): Tool {
  // The name becomes a part of a program's name: no path may come of it.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) {
    throw usageError('CREDENTIAL_HELPER_NAME', `${JSON.stringify(name)} is not the name of a credential helper`, {
      hint: 'in credHelpers and credsStore write what follows "docker-credential-" in the program\'s name',
    });
  }
  const program = `docker-credential-${name}`;
  return {
    name: program,
    packages: { deb: 'golang-docker-credential-helpers', rpm: 'docker-credential-helpers' },
    purpose: 'reads and keeps the credentials of registries',
  };
}

/** Never quotes the helper: what it printed may hold a secret. */
function failed(name: string, action: string, server: string, why: string): CosaError {
  const program = `docker-credential-${name}`;
  return new CosaError('CREDENTIAL_HELPER_FAILED', `${program} ${action} for ${server} failed: ${why}`, {
    hint: `try it by hand: ${program} list`,
  });
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
