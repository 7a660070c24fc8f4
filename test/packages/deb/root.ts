import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Writes files (and links, where the value begins with "-> ") below a directory. */
export async function writeTree(root: string, tree: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(tree)) {
    const place = join(root, path);
    await mkdir(dirname(place), { recursive: true });
    if (content.startsWith('-> ')) await symlink(content.slice(3), place);
    else await writeFile(place, content);
  }
}
