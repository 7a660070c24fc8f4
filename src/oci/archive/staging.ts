import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { tryLockFile, withLock } from '../../exec/lock.ts';
import type { Digest } from '../../lib/digest.ts';
import { CosaError } from '../../lib/errors.ts';
import { isTemporaryName, temporaryName } from '../../lib/files.ts';
import { blobSize } from '../layout/blobs.ts';
import { listBlobs, readIndex } from '../layout/index-file.ts';
import { layoutPaths } from '../layout/paths.ts';
import { refuseLinks } from '../layout/refuse-links.ts';
import { openLayoutForWriting } from '../layout.ts';
import type { LocalStore } from '../store.ts';
import type { Descriptor } from '../types.ts';

/** A layout directory beside an archive, in which lies what is to be added to it. Removed when it is disposed. */
export interface Staging extends AsyncDisposable {
  store: LocalStore;
  entries(): Promise<readonly Descriptor[]>;
  blobs(): Promise<readonly Digest[]>;
  blobSize(digest: Digest): Promise<number | undefined>;
}

/** Makes the directory for an archive, and removes those that killed writers of the same archive left. */
export async function openStaging(file: string): Promise<Staging> {
  const directory = temporaryName(file);
  const paths = layoutPaths(directory);
  // Another writer must not take the new directory for a leftover before its lock is held.
  const store = await withLock(dirname(file), async () => {
    await removeLeftovers(file);
    return openLayoutForWriting(directory);
  });
  return {
    store,
    entries: async () => (await readIndex(paths)).entries,
    blobs: () => listBlobs(paths.blobs),
    blobSize: (digest) => blobSize(paths, digest),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function removeLeftovers(file: string): Promise<void> {
  for (const entry of await readdir(dirname(file), { withFileTypes: true })) {
    const { name } = entry;
    if (!name.startsWith(`.${basename(file)}.`) || !isTemporaryName(name)) continue;
    const path = join(dirname(file), name);
    if (!entry.isDirectory()) {
      // Whoever writes the archive holds the lock that we hold now: an unfinished one is a leftover. Of a link, only the
      // link is removed.
      await rm(path, { force: true });
    } else if (await isOurs(path)) {
      await using alone = await tryLockFile(layoutPaths(path).writersLock);
      if (alone === undefined) continue;
      await rm(path, { recursive: true, force: true });
    }
  }
}

/** We make no links: behind one, the lock would be taken in another directory. */
async function isOurs(directory: string): Promise<boolean> {
  try {
    await refuseLinks(layoutPaths(directory));
    return true;
  } catch (error) {
    if (error instanceof CosaError && error.code === 'LAYOUT_INVALID') return false;
    throw error;
  }
}
