import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { openCache, readCachedText } from '../../cache/cache.ts';
import { cacheKinds } from '../../cache/kinds.ts';
import { digestFile, digestHex, sha256Hex } from '../../lib/digest.ts';
import { ifExists } from '../../lib/if-exists.ts';

/**
 * Files whose bytes were compared with a checksum, or written under it: nobody reads a gigabyte again as long as the system
 * says that the file is the same and unchanged.
 */
export interface VerifiedFiles {
  /** True if the file has this size and checksum. Reads it only if it may have changed. */
  isWhole(path: string, expected: { size: number; sha256: string }): Promise<boolean>;
  /** Remembers a file that was just written. */
  remember(path: string, sha256: string): Promise<void>;
}

/** What the system tells of a file. Whoever writes to it changes the time of its change, which nobody can set. */
const identitySchema = z.object({
  inode: z.string(),
  size: z.string(),
  modified: z.string(),
  changed: z.string(),
  sha256: z.string(),
});

type Identity = z.output<typeof identitySchema>;

/** A change in the same tick of the file system's clock as what was read would not be seen. */
const settledMilliseconds = 50;

/** @param cacheDirectory a work directory's `cache/` */
export function verifiedFiles(cacheDirectory: string): VerifiedFiles {
  const kind = cacheKinds.checksums;
  const nameOf = (path: string) => sha256Hex(path);

  async function remember(path: string, sha256: string): Promise<void> {
    const identity = await identityOf(path, sha256);
    if (identity === undefined) return;
    await using cache = await openCache(cacheDirectory, kind);
    await cache.writeText(nameOf(path), JSON.stringify(identity));
    await cache.trim();
  }

  return {
    remember,
    async isWhole(path, { size, sha256 }) {
      const now = await identityOf(path, sha256);
      if (now === undefined || now.size !== String(size)) return false;
      const before = parse(await readCachedText(cacheDirectory, kind, nameOf(path)));
      if (before !== undefined && isSame(before, now)) return true;
      const begun = Date.now();
      if (digestHex((await digestFile(path)).digest) !== sha256) return false;
      if (Number(now.changed) / 1e6 < begun - settledMilliseconds) await remember(path, sha256);
      return true;
    },
  };
}

async function identityOf(path: string, sha256: string): Promise<Identity | undefined> {
  const stats = await ifExists(stat(path, { bigint: true }));
  if (!stats?.isFile()) return undefined;
  return {
    inode: `${stats.dev}:${stats.ino}`,
    size: String(stats.size),
    modified: String(stats.mtimeNs),
    changed: String(stats.ctimeNs),
    sha256,
  };
}

function isSame(a: Identity, b: Identity): boolean {
  return (Object.keys(a) as (keyof Identity)[]).every((key) => a[key] === b[key]);
}

function parse(text: string | undefined): Identity | undefined {
  try {
    return text === undefined ? undefined : identitySchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
