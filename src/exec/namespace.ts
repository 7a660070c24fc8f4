import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { CosaError } from '../lib/errors.ts';
import { runInOurPlace } from './run.ts';
import { missingTool } from './tool-errors.ts';
import { boundToUs } from './tools/setpriv.ts';
import { type Tool, tools } from './tools.ts';
import { which } from './which.ts';

/** Arguments for {@link unshare}; the command to run follows. */
export const namespaceArguments = ['--user', '--map-root-user', '--map-auto', '--mount', '--'] as const;

/**
 * Runs this very program again as root of a user namespace, and returns its exit status. Inside, an
 * unprivileged user can chown, setcap and mount just as root can, so there is one code path and one
 * digest for both. Files made there belong to the user and its sub-ids. The kernel kills it when this process dies.
 * @returns `undefined` where nothing is to do: we are root already
 * @throws CosaError `TOOL_MISSING` (exit 3), `SUBIDS_MISSING` (exit 1)
 */
export async function reenterAsNamespaceRoot(argv: readonly string[]): Promise<number | undefined> {
  if (process.getuid?.() === 0) return undefined;
  for (const tool of [tools.unshare, tools.newuidmap, tools.setpriv, tools.sh]) {
    if ((await which(tool.name)) === undefined) throw missingTool(tool);
  }
  await requireSubordinateIds();
  // Bound to us only inside: what enters a namespace loses that. By then we may be dead already, and it must not begin.
  const ifWeLive = [tools.sh.name, '-c', 'test "$PPID" = "$0" && exec "$@"', String(process.pid)];
  const program = boundToUs([...ifWeLive, process.execPath, ...process.execArgv, ...argv]);
  const args = [...namespaceArguments, tools.setpriv.name, ...program];
  // Inside, the user's files still are those of the user outside: podman and skopeo use the same variable.
  const env = { _CONTAINERS_ROOTLESS_UID: String(process.getuid?.() ?? '') };
  const { exitCode, signal, cause } = await runInOurPlace(tools.unshare, args, env);
  if (exitCode !== undefined) return exitCode;
  throw new CosaError('NAMESPACE_FAILED', `unshare was ended by ${signal ?? 'an unknown cause'}`, { cause });
}

/** A program with its arguments. */
export interface Command {
  tool: Tool;
  args: readonly string[];
}

/**
 * A command that runs as root and knows all users: as it is where we are root, else in a user namespace of its own. The
 * files of one such command have the same owners for the next.
 * @throws CosaError `TOOL_MISSING` (exit 3), `SUBIDS_MISSING` (exit 1)
 */
export async function asNamespaceRoot(tool: Tool, args: readonly string[]): Promise<Command> {
  if (process.getuid?.() === 0) return { tool, args };
  for (const needed of [tools.unshare, tools.newuidmap, tool]) {
    if ((await which(needed.name)) === undefined) throw missingTool(needed);
  }
  await requireSubordinateIds();
  // What enters a namespace is no longer bound to us.
  const inside = [tools.setpriv.name, ...boundToUs([tool.name, ...args])];
  return { tool: tools.unshare, args: [...namespaceArguments, ...inside] };
}

/** True for root of the machine, who can use its devices; root of a namespace cannot. */
export async function isRealRoot(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  const map = await readFile('/proc/self/uid_map', 'utf8').catch(() => '');
  return /^\s*0\s+0\s+4294967295\s*$/.test(map);
}

async function requireSubordinateIds(): Promise<void> {
  const uid = String(process.getuid?.() ?? '');
  const name = userName();
  for (const file of ['/etc/subuid', '/etc/subgid']) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const listed = text.split('\n').some((line) => [name, uid].includes(line.split(':')[0] ?? '') && line !== '');
    if (!listed) {
      throw new CosaError('SUBIDS_MISSING', `${file} gives the user ${name || uid} no subordinate ids`, {
        hint: `as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${name || uid}`,
      });
    }
  }
}

/** Whom the system takes us for. Variables say it only in a login's own shell: su and systemd's services do not set them. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A number without an account, as containers have them.
    return '';
  }
}
