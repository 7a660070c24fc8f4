import { chmod, lchown, lstat, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../exec/run.ts';
import { openScratch } from '../exec/scratch.ts';
import { tools } from '../exec/tools.ts';
import { walkTree } from './walk.ts';

/**
 * Gives every file of a tree whose owner or group has a new number that number. Permission bits and file
 * capabilities, which chown(2) takes away, are kept.
 */
export async function changeOwners(
  tree: string,
  users: ReadonlyMap<number, number>,
  groups: ReadonlyMap<number, number>,
  signal: AbortSignal,
): Promise<void> {
  // Numbers may change in a chain (5 → 6, 6 → 7): a file with two names must move once.
  const done = new Set<number>();
  await using scratch = await openScratch(tmpdir());
  for await (const { host, entry } of walkTree(tree)) {
    const stats = await lstat(host);
    const uid = users.get(stats.uid) ?? stats.uid;
    const gid = groups.get(stats.gid) ?? stats.gid;
    if (uid === stats.uid && gid === stats.gid) continue;
    if (stats.nlink > 1 && !entry.isDirectory()) {
      if (done.has(stats.ino)) continue;
      done.add(stats.ino);
    }
    const executable = entry.isFile() && (stats.mode & 0o111) !== 0;
    // Node has no calls for extended attributes: a copy without content carries them over.
    const copy = join(scratch.path, 'attributes');
    if (executable) await run(tools.cp, ['--archive', '--attributes-only', host, copy], { signal });
    await lchown(host, uid, gid);
    if (executable) await run(tools.cp, ['--attributes-only', '--preserve=xattr', copy, host], { signal });
    if (!entry.isSymbolicLink()) await chmod(host, stats.mode & 0o7777);
    await rm(copy, { force: true });
  }
}
