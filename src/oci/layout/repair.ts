import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { lockFile } from '../../exec/lock.ts';
import { type Digest, digestFile, digestHex } from '../../lib/digest.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { fsyncPath } from '../../lib/files.ts';
import { ifExists } from '../../lib/if-exists.ts';
import type { Reporter } from '../../progress/reporter.ts';
import { attempt } from '../attempt.ts';
import { openLayoutForWriting } from '../layout.ts';
import type { ContentReader } from '../store.ts';
import type { Descriptor } from '../types.ts';
import { blobPath, layoutPaths } from './paths.ts';
import { refuseLinks } from './refuse-links.ts';

export interface RepairResult {
  /** Damaged blobs that were set aside. */
  setAside: readonly Digest[];
  /** Blobs that were brought from elsewhere. */
  fetched: readonly Digest[];
}

/**
 * Moves blobs whose bytes are not those of their names to `.cosa/damaged`: then they count as missing, and whoever copies
 * or builds the image again brings them back. A blob that is what its name says stays, whatever others say of it. Waits
 * until nobody writes.
 * @throws CosaError `LAYOUT_INVALID` (exit 4)
 */
export async function setDamagedAside(directory: string, suspects: readonly Digest[]): Promise<readonly Digest[]> {
  const paths = layoutPaths(directory);
  await refuseLinks(paths);
  await using _alone = await lockFile(paths.writersLock);
  const moved: Digest[] = [];
  for (const digest of suspects) {
    const path = blobPath(paths, digest);
    const found = await ifExists(digestFile(path));
    if (found === undefined || found.digest === digest) continue;
    await makeDirectory(paths.damaged);
    await rename(path, join(paths.damaged, digestHex(digest)));
    moved.push(digest);
  }
  if (moved.length > 0) await Promise.all([paths.damaged, paths.blobs].map(fsyncPath));
  return moved;
}

/**
 * Brings blobs that a layout lacks from the first place that has them, verified.
 * @param sources in the order in which they are asked
 * @returns those that were found
 * @throws what is not the fault of a blob, such as a registry that does not answer
 */
export async function fetchBlobs(
  directory: string,
  missing: readonly Descriptor[],
  sources: readonly Pick<ContentReader, 'readBlob'>[],
  { signal }: Reporter,
): Promise<readonly Digest[]> {
  const fetched: Digest[] = [];
  await using store = await openLayoutForWriting(directory);
  for (const descriptor of missing) {
    if (await store.hasBlob(descriptor.digest)) continue;
    for (const source of sources) {
      const open = (stop?: AbortSignal) => source.readBlob(descriptor, stop);
      const { reason } = await attempt(() => store.putBlob({ descriptor, open }, { signal }));
      // A source that does not have it, or has it damaged: perhaps the next one.
      if (reason !== undefined) continue;
      fetched.push(descriptor.digest);
      break;
    }
  }
  return fetched;
}
