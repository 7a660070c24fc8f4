import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const source = join(import.meta.dirname, '../../src');

/** What works on roots. */
const places = ['rootfs', 'packages/deb', 'flows/container/next-build'];

/**
 * Path names of a root joined by hand follow the host's idea of its links. These are none of a root's files: the
 * tree itself, a copy of it, and directories that walkTree has resolved.
 */
const allowed = new Set([
  "flows/container/next-build/container.ts: join(request.scratch, 'root')",
  "flows/container/next-build/root.ts: join(entry, 'root')",
  "flows/container/next-build/root.ts: join(directory, 'root')",
  'rootfs/walk.ts: join(tree, directory)',
]);

it('reaches the files of a root through root-files.ts and root-path.ts alone', async () => {
  const found: string[] = [];
  for (const place of places) {
    for (const name of await readdir(join(source, place), { recursive: true })) {
      if (!name.endsWith('.ts')) continue;
      const text = await readFile(join(source, place, name), 'utf8');
      for (const [call] of text.matchAll(
        /\bjoin\((?:[\w.]*\.)?(?:root|tree)\b[^)]*\)|`\$\{(?:\w+\.)*root\}[^`]*`|join\([^()]*'root'\)/g,
      )) {
        found.push(`${place}/${name}: ${call}`);
      }
    }
  }
  expect(found.filter((call) => !allowed.has(call))).toEqual([]);
});
