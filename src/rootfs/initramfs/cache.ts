import { copyFile, mkdir, readFile, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { openCache } from '../../cache/cache.ts';
import { cacheKinds } from '../../cache/kinds.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { digestFile, sha256Hex } from '../../lib/digest.ts';
import { isSystemError } from '../../lib/errors.ts';
import { fsyncPath, namesIn, writeFileAtomic } from '../../lib/files.ts';
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
  /** The image's own digest: a file that a copy or a power loss has cut short is not used. */
  image: z.string(),
});

const inputsName = 'inputs.json';
const imageName = 'initramfs.img';

/** @param cacheDirectory a work directory's `cache/`; made if missing, always safe to delete */
export function initramfsCache(cacheDirectory: string): InitramfsCache {
  const directory = join(cacheDirectory, cacheKinds.initramfs.name);

  async function find(base: string, root: string, destination: string): Promise<boolean> {
    const digests = new Map<string, Promise<string>>();
    for (const name of await namesIn(directory)) {
      if (name.startsWith('.')) continue;
      const entry = await readEntry(join(directory, name));
      if (entry?.base !== base) continue;
      // Entries mostly differ in content and not in their lists: a list is hashed once.
      const listKey = canonicalJson(entry.tracked);
      const digest = digests.get(listKey) ?? digestTracked(root, entry.tracked);
      digests.set(listKey, digest);
      if ((await digest) !== entry.digest) continue;
      if (await copyImage(join(directory, name), entry.image, destination)) return true;
    }
    return false;
  }

  async function keep(base: string, root: string, tracked: readonly Tracked[], image: string): Promise<void> {
    const digest = await digestTracked(root, tracked);
    const list = tracked.map(({ what, path }) => ({ what, path }));
    const name = sha256Hex(canonicalJson({ base, tracked: list, digest }));
    await using cache = await openCache(cacheDirectory, cacheKinds.initramfs);
    const unfinished = cache.unfinishedPath(name);
    await mkdir(unfinished);
    const copy = join(unfinished, imageName);
    await copyFile(image, copy);
    const { digest: imageDigest } = await digestFile(copy);
    await fsyncPath(copy);
    const inputs = { base, tracked: list, digest, image: imageDigest };
    await writeFileAtomic(join(unfinished, inputsName), canonicalJson(inputs));
    // Kept by another process meanwhile, or there and not what was kept.
    await cache.place(unfinished, name);
    await cache.trim();
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

/** @returns false if it is not there any more, or not the image that was kept: then the destination is to be written anew */
async function copyImage(entry: string, digest: string, destination: string): Promise<boolean> {
  try {
    await copyFile(join(entry, imageName), destination);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    throw error;
  }
  if ((await digestFile(destination)).digest !== digest) {
    await rm(destination);
    return false;
  }
  const now = new Date();
  await utimes(entry, now, now);
  return true;
}
