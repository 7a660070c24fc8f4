import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '../../lib/errors.ts';
import type { RootStep } from '../context.ts';
import { walkTree } from '../walk.ts';

/** What the tools that edit /etc leave behind, and systemd's marks of when it was last updated. */
const leftovers = [
  ...['passwd', 'group', 'shadow', 'gshadow', 'subuid', 'subgid'].map((name) => `/etc/${name}-`),
  '/etc/.pwd.lock',
  '/etc/.updated',
  '/var/.updated',
];

/** Takes away what differs between two builds of the same system, and caches that would not be valid in it. */
export const clean: RootStep = {
  title: 'clean up',
  async run({ root }) {
    for (const path of leftovers) await rm(join(root, path), { force: true });
    await removePythonCaches(root);
    await forgetPasswordDates(join(root, 'etc/shadow'));
  },
};

/** Compiled Python is valid for its source's modification time, and ostree sets all of those to 0. */
async function removePythonCaches(root: string): Promise<void> {
  const caches: string[] = [];
  for await (const { host, entry } of walkTree(root, '/usr')) {
    if (entry.isDirectory() && entry.name === '__pycache__') caches.push(host);
  }
  for (const cache of caches) await rm(cache, { recursive: true });
}

/**
 * Empties the date of the last password change, which is the day of the build: "password aging features are
 * disabled" (shadow(5)), as they should be for accounts without passwords.
 */
async function forgetPasswordDates(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (text !== undefined) await writeFile(path, withoutPasswordDates(text));
}

/** shadow(5) with empty third fields. */
export function withoutPasswordDates(text: string): string {
  return text.replace(/^([^:\n]*:[^:\n]*:)\d+(?=:)/gm, '$1');
}
