import { rm } from 'node:fs/promises';
import { readTextInRootIfExists, removeInRoot, writeTextInRoot } from '../../lib/root-files.ts';
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
    for (const path of leftovers) await removeInRoot(root, path);
    await removePythonCaches(root);
    await forgetPasswordDates(root);
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
async function forgetPasswordDates(root: string): Promise<void> {
  const text = await readTextInRootIfExists(root, '/etc/shadow');
  if (text !== undefined) await writeTextInRoot(root, '/etc/shadow', withoutPasswordDates(text));
}

/** shadow(5) with empty third fields. */
export function withoutPasswordDates(text: string): string {
  return text.replace(/^([^:\n]*:[^:\n]*:)\d+(?=:)/gm, '$1');
}
