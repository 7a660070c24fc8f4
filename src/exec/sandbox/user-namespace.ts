import { type FileHandle, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCleanup } from '../../lib/cleanup.ts';
import { CosaError } from '../../lib/errors.ts';
import { nextOutput, type RunningProgram, start } from '../run.ts';
import { openScratch } from '../scratch.ts';
import { tools } from '../tools.ts';

/** A user namespace; it lives as long as its descriptor is open. Disposing of it closes what is open. */
export interface UserNamespace extends AsyncDisposable {
  descriptor: number;
  /** Whether the namespace got the rule that was asked for: kernels before 6.7 have rules for the whole machine alone. */
  hasRule: boolean;
}

/**
 * Makes a user namespace below our own one, in which every id is what it is here: files keep their owners, and what
 * capabilities root has in it count for nothing outside of it.
 * @param rule of binfmt_misc, for programs that are started in the namespace until this is disposed of
 * @throws CosaError `NAMESPACE_FAILED`, `TOOL_MISSING` (exit 3)
 */
export async function openUserNamespace(rule: string | undefined): Promise<UserNamespace> {
  const cleanup = createCleanup();
  const opened = async (path: string): Promise<number> => {
    const handle: FileHandle = await open(path);
    cleanup.defer(() => handle.close());
    return handle.fd;
  };
  try {
    await using scratch = await openScratch(tmpdir());
    const rules = join(scratch.path, 'rules');
    await mkdir(rules);
    const holder = await startHolder(rules, rule);
    try {
      await exchange(holder);
      for (const map of ['uid_map', 'gid_map']) {
        const ours = await readFile(`/proc/self/${map}`, 'utf8');
        await writeFile(`/proc/${holder.pid}/${map}`, identityMap(ours));
      }
      const descriptor = await opened(`/proc/${holder.pid}/ns/user`);
      const hasRule = rule !== undefined && (await exchange(holder)) === ruleMade;
      // A rule is there as long as its filesystem is, and that as long as one of its files is open.
      if (hasRule) await opened(`/proc/${holder.pid}/root${rules}/status`);
      return { descriptor, hasRule, [Symbol.asyncDispose]: () => cleanup[Symbol.asyncDispose]() };
    } finally {
      holder.stdin.end();
      holder.stdout.resume();
      await holder.done.catch(() => undefined);
    }
  } catch (cause) {
    await cleanup[Symbol.asyncDispose]();
    if (cause instanceof CosaError && cause.code === 'TOOL_MISSING') throw cause;
    throw new CosaError('NAMESPACE_FAILED', `no user namespace can be made: ${(cause as Error).message}`, {
      hint: 'in a container, run it with --privileged; else see sysctl user.max_user_namespaces',
      cause,
    });
  }
}

const ruleMade = 'made';

/** Once there are ids, makes the rule on a filesystem of the namespace's own. */
const ruleScript = [
  'read -r line; echo "$line"; read -r line',
  `if ${tools.mount.name} -t binfmt_misc binfmt_misc "$1" && printf %s "$2" >"$1/register"; then echo ${ruleMade}; else echo; fi`,
  'exec cat',
].join('\n');

/** The kernel takes the maps from outside only, while a process is in there: one that ends with its stdin. */
async function startHolder(rules: string, rule: string | undefined): Promise<RunningProgram> {
  const plain = ['--user', '--', tools.cat.name];
  const script = ['--user', '--mount', '--', tools.sh.name, '-c', ruleScript, tools.sh.name, rules, rule ?? ''];
  const holder = await start(tools.unshare, rule === undefined ? plain : script);
  holder.stdin.on('error', () => undefined);
  return holder;
}

/** Sends a line, and waits for one. */
async function exchange(holder: RunningProgram): Promise<string> {
  holder.stdin.write('.\n');
  return (await nextOutput(holder)).toString().trim();
}

/** @param map lines of "first id inside, first id outside, count" */
function identityMap(map: string): string {
  return map.replace(/^\s*(\d+)\s+\d+\s+(\d+)$/gm, '$1 $1 $2');
}
