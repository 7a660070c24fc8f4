import { CosaError } from '../lib/errors.ts';
import type { Command } from './namespace.ts';
import { nextOutput, run, start } from './run.ts';
import { type Tool, tools } from './tools.ts';

/** A filesystem that is mounted for us alone. Disposing of it unmounts it, and flushes it to its file. */
export interface MountedImage extends AsyncDisposable {
  /** A command that sees the filesystem in its directory. */
  command(tool: Tool, args: readonly string[]): Command;
}

/**
 * Mounts a filesystem that lies in a file, in a mount namespace of its own: when we die, however hard, the mount and its
 * loop device go with us. Needs root of the machine.
 * @param directory an empty one
 * @throws CosaError `NAMESPACE_FAILED`, `TOOL_FAILED`, `TOOL_MISSING` (exit 3)
 */
export async function mountImage(
  image: string,
  directory: string,
  { type, options = [] }: { type: string; options?: readonly string[] },
): Promise<MountedImage> {
  // cat ends with its stdin.
  const holder = await start(tools.unshare, ['--mount', '--', tools.cat.name]);
  const release = async () => {
    holder.stdin.end();
    holder.stdout.resume();
    await holder.done;
  };
  const command = (tool: Tool, args: readonly string[]): Command => ({
    tool: tools.nsenter,
    args: [`--mount=/proc/${holder.pid}/ns/mnt`, '--', tool.name, ...args],
  });
  const runInside = async (tool: Tool, args: readonly string[]) => {
    const inside = command(tool, args);
    await run(inside.tool, inside.args);
  };
  try {
    holder.stdin.on('error', () => undefined);
    holder.stdin.write('.');
    await nextOutput(holder);
    await runInside(tools.mount, ['-t', type, '-o', ['loop', ...options].join(','), image, directory]);
  } catch (cause) {
    await release().catch(() => undefined);
    if (cause instanceof CosaError) throw cause;
    throw new CosaError('NAMESPACE_FAILED', `no mount namespace can be made: ${(cause as Error).message}`, { cause });
  }
  return {
    command,
    async [Symbol.asyncDispose]() {
      try {
        await runInside(tools.umount, [directory]);
      } finally {
        await release();
      }
    },
  };
}
