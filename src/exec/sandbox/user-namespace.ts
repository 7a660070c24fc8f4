import { once } from 'node:events';
import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises';
import { CosaError } from '../../lib/errors.ts';
import { start } from '../run.ts';
import { tools } from '../tools.ts';

/**
 * Makes a user namespace below our own one, in which every id is what it is here: files keep their owners, and what
 * capabilities root has in it count for nothing outside of it.
 * @returns its descriptor; the namespace lives as long as one is open
 * @throws CosaError `NAMESPACE_FAILED`, `TOOL_MISSING` (exit 3)
 */
export async function openUserNamespace(): Promise<FileHandle> {
  // The kernel takes the maps from outside only, while a process is in there: cat, which ends with its stdin.
  const holder = await start(tools.unshare, ['--user', '--', tools.cat.name]);
  try {
    holder.stdin.on('error', () => undefined);
    holder.stdin.write('.');
    await Promise.race([once(holder.stdout, 'data'), holder.done]);
    for (const map of ['uid_map', 'gid_map']) {
      const ours = await readFile(`/proc/self/${map}`, 'utf8');
      await writeFile(`/proc/${holder.pid}/${map}`, identityMap(ours));
    }
    return await open(`/proc/${holder.pid}/ns/user`);
  } catch (cause) {
    if (cause instanceof CosaError && cause.code === 'TOOL_MISSING') throw cause;
    throw new CosaError('NAMESPACE_FAILED', `no user namespace can be made: ${(cause as Error).message}`, {
      hint: 'in a container, run it with --privileged; else see sysctl user.max_user_namespaces',
      cause,
    });
  } finally {
    holder.stdin.end();
    holder.stdout.resume();
    await holder.done.catch(() => undefined);
  }
}

/** @param map lines of "first id inside, first id outside, count" */
function identityMap(map: string): string {
  return map.replace(/^\s*(\d+)\s+\d+\s+(\d+)$/gm, '$1 $1 $2');
}
