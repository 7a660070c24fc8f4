import { run } from '../run.ts';
import { tools } from '../tools.ts';

/** What the host's own policy gives every file says nothing about it. */
const hostsOwn = /^security\.selinux=.*\n?/gm;

/**
 * The extended attributes of everything below a directory, in hexadecimal, by path; entries without any are left out.
 * Links are not followed.
 */
export async function listXattrs(directory: string, signal?: AbortSignal): Promise<Map<string, string>> {
  const args = ['--recursive', '--physical', '--no-dereference', '--dump', '--match=-', '--encoding=hex', '.'];
  const { stdout } = await run(tools.getfattr, args, { cwd: directory, ...(signal === undefined ? {} : { signal }) });
  const attributes = new Map<string, string>();
  for (const part of stdout.split(/^# file: /m).slice(1)) {
    const end = part.indexOf('\n');
    const values = part
      .slice(end + 1)
      .replace(hostsOwn, '')
      .trim();
    if (values !== '') attributes.set(part.slice(0, end), values);
  }
  return attributes;
}
