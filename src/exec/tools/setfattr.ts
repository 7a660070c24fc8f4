import { type RunningProgram, start } from '../run.ts';
import { tools } from '../tools.ts';

/**
 * Starts setfattr to set what it reads from stdin (see {@link xattrRecord}) on files in a directory, on symbolic
 * links themselves too. It works while it reads.
 */
export function startSettingXattrs(directory: string): Promise<RunningProgram> {
  return start(tools.setfattr, ['--no-dereference', '--restore=-'], { cwd: directory });
}

/**
 * One file's attributes in the form that `getfattr --dump --encoding=hex` writes.
 * @param path relative to the directory; must need no escapes
 */
export function xattrRecord(path: string, xattrs: readonly { name: string; value: Uint8Array }[]): string {
  const lines = xattrs.map(({ name, value }) => `${name}=0x${Buffer.from(value).toString('hex')}\n`);
  return `# file: ${path}\n${lines.join('')}\n`;
}
