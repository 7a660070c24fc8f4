import { compareBytes } from '../../lib/order.ts';
import type { Xattr } from '../../lib/xattr.ts';
import { run } from '../run.ts';
import { tools } from '../tools.ts';

const everything = ['--recursive', '--physical', '--no-dereference', '--dump', '--match=-', '--encoding=hex'];

/** What the host's own policy gives every file says nothing about it. */
const hostsOwn = /^security\.selinux=.*\n?/gm;

/**
 * The extended attributes of everything below a directory, in hexadecimal, by path; entries without any are left out.
 * Links are not followed.
 */
export async function listXattrs(directory: string, signal?: AbortSignal): Promise<Map<string, string>> {
  const options = { cwd: directory, ...(signal === undefined ? {} : { signal }) };
  const { stdout } = await run(tools.getfattr, [...everything, '.'], options);
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

/**
 * The extended attributes of a directory (path: `/`) and of everything below it, by path from there, sorted by name; entries without any
 * are left out. Links are not followed.
 * @throws CosaError `TOOL_FAILED` if it cannot be read
 */
export async function readXattrs(directory: string, signal?: AbortSignal): Promise<Map<string, Xattr[]>> {
  const args = [...everything, '--absolute-names', '--', directory];
  const { stdout } = await run(tools.getfattr, args, signal === undefined ? {} : { signal });
  const attributes = new Map<string, Xattr[]>();
  for (const part of stdout.split(/^# file: /m).slice(1)) {
    const [file = '', ...lines] = part.split('\n');
    const path = unescaped(file).slice(directory.length);
    const xattrs = lines.filter((line) => line !== '').map(parseXattr);
    const sorted = xattrs.sort((a, b) => compareBytes(a.name, b.name));
    attributes.set(path === '' ? '/' : path, sorted);
  }
  return attributes;
}

/** `security.capability=0x0100`, or a name alone if there is no value. */
function parseXattr(line: string): Xattr {
  const [name = '', value = '0x'] = line.split('=');
  return { name: unescaped(name), value: Buffer.from(value.slice('0x'.length), 'hex') };
}

/** What stands for itself nowhere is written as a backslash and three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
