import { access, constants } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

/**
 * The absolute path of a program in PATH or the system directories, or `undefined`. A name that is
 * an absolute path is looked for just there, and need not be executable: firmware is a tool, too.
 */
export async function which(name: string): Promise<string | undefined> {
  if (isAbsolute(name)) return (await accessible(name, constants.R_OK)) ? name : undefined;
  const directories = [
    ...(process.env.PATH ?? '').split(delimiter),
    '/usr/local/sbin',
    '/usr/sbin',
    '/sbin',
    '/usr/bin',
    '/bin',
  ];
  for (const directory of directories) {
    if (directory === '') continue;
    const path = join(directory, name);
    if (await accessible(path, constants.X_OK)) return path;
  }
  return undefined;
}

async function accessible(path: string, mode: number): Promise<boolean> {
  try {
    await access(path, mode);
    return true;
  } catch {
    return false;
  }
}
