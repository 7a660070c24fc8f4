import { copyFile, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { sha256Hex } from '../../lib/digest.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { isSystemError } from '../../lib/errors.ts';
import { commitRename, isTemporaryName, namesIn, temporaryName } from '../../lib/files.ts';
import { digestTracked, type Tracked } from './tracked.ts';

/**
 * Initramfs images of earlier builds, each with a list of what it was made from and a hash of what that was
 * then. An image is found again if the same list still gives the same hash, whatever else has changed.
 */
export interface InitramfsCache {
  /**
   * Copies the image made with this base from the same files to `destination`.
   * @param base hash of what is not tracked: the packages, the kernel, dracut's arguments
   * @returns whether there was one
   */
  find(base: string, root: string, destination: string): Promise<boolean>;
  /** Keeps an image. Several processes may do so at once. */
  keep(base: string, root: string, tracked: readonly Tracked[], image: string): Promise<void>;
}

const entrySchema = z.object({
  base: z.string(),
  tracked: z.array(z.object({ what: z.enum(['content', 'names', 'contents']), path: z.string() })),
  digest: z.string(),
});

const inputsName = 'inputs.json';
const imageName = 'initramfs.img';

/**
 * @param directory made if missing; always safe to delete
 * @param keepEntries how many images stay; the least recently used go first
 */
export function initramfsCache(directory: string, keepEntries: number): InitramfsCache {
  async function find(base: string, root: string, destination: string): Promise<boolean> {
    const digests = new Map<string, Promise<string>>();
    for (const name of await namesIn(directory)) {
      if (isTemporaryName(name)) continue;
      const entry = await readEntry(join(directory, name));
      if (entry?.base !== base) continue;
      // Entries mostly differ in content and not in their lists: a list is hashed once.
      const listKey = canonicalJson(entry.tracked);
      const digest = digests.get(listKey) ?? digestTracked(root, entry.tracked);
      digests.set(listKey, digest);
      if ((await digest) !== entry.digest) continue;
      if (await copyImage(join(directory, name), destination)) return true;
    }
    return false;
  }

  async function keep(base: string, root: string, tracked: readonly Tracked[], image: string): Promise<void> {
    const digest = await digestTracked(root, tracked);
    const text = canonicalJson({ base, tracked: tracked.map(({ what, path }) => ({ what, path })), digest });
    const entry = join(directory, sha256Hex(text));
    const temporary = temporaryName(entry);
    await makeDirectory(temporary);
    try {
      await copyFile(image, join(temporary, imageName));
      await writeFile(join(temporary, inputsName), text);
      await commitRename(temporary, entry);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      // Another process kept the same image meanwhile.
      if (!isSystemError(error, 'ENOTEMPTY') && !isSystemError(error, 'EEXIST')) throw error;
    }
    await evict(directory, keepEntries);
  }

  return { find, keep };
}

async function readEntry(entry: string) {
  try {
    return entrySchema.parse(JSON.parse(await readFile(join(entry, inputsName), 'utf8')));
  } catch (error) {
    // Evicted by another process, or damaged: not an entry.
    if (isSystemError(error, 'ENOENT') || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

async function copyImage(entry: string, destination: string): Promise<boolean> {
  try {
    await copyFile(join(entry, imageName), destination);
    const now = new Date();
    await utimes(entry, now, now);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    throw error;
  }
}

async function evict(directory: string, count: number): Promise<void> {
  const names = (await readdir(directory)).filter((name) => !isTemporaryName(name));
  const aged = await Promise.all(
    names.map(async (name) => ({ name, used: (await stat(join(directory, name))).mtimeMs })),
  );
  aged.sort((a, b) => b.used - a.used);
  for (const { name } of aged.slice(count)) await rm(join(directory, name), { recursive: true, force: true });
}
