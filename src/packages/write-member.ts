import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  realpathSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join, posix } from 'node:path';
import { isSystemError } from '../lib/errors.ts';
import { resolveDirectoryInRoot } from '../lib/root-path.ts';
import type { TarEntry } from '../lib/tar/reader.ts';

/** Only the target's own package manager can unpack a package that has such a member. */
export class NeedsTarget extends Error {}

/** What of a member is written: of a tar archive, or of another that says the same. */
export type PackageMember = Pick<TarEntry, 'type' | 'linkTarget' | 'mode' | 'uid' | 'gid' | 'mtime' | 'content'>;

/** Puts members of packages into a root. */
export interface MemberWriter {
  /**
   * Writes a member with the owner's numbers, mode and time that the archive gives it, over what is there, unless one of
   * both is a directory. It waits for each system call: a promise for each would take longer than they do.
   * @param path absolute path in the root
   * @param member a hard link's target as `path`
   * @param order of the package among the others: where several bring a directory, its owner and mode are those of the
   *   last, whichever is written first
   * @throws NeedsTarget where links on the way lead elsewhere on the host than in the target, for a directory in the
   *   place of something else or the other way round, and for devices and pipes
   */
  write(path: string, member: PackageMember, order: number): Promise<void>;
}

export function memberWriter(root: string): MemberWriter {
  const base = realpathSync(root);
  /** Where directories of the root lie on the host; none becomes a link, for nothing takes the place of a directory. */
  const known = new Map([['/', base]]);
  /** By a directory's place on the host: the order of the package whose directory it is. */
  const decided = new Map<string, number>();

  async function write(path: string, member: PackageMember, order: number): Promise<void> {
    const name = path.replace(/\/$/, '');
    if (member.type === 'directory') {
      await writeDirectory(name, member, order);
      return;
    }
    if (name === '') throw new NeedsTarget(`the root is a ${member.type}`);
    const host = join(await directoryOf(posix.dirname(name)), posix.basename(name));
    switch (member.type) {
      case 'file':
        await writeFile(host, member);
        return;
      case 'symlink':
        replacing(host, () => symlinkSync(member.linkTarget, host));
        lchownSync(host, member.uid, member.gid);
        lutimesSync(host, member.mtime, member.mtime);
        return;
      case 'hardlink': {
        const target = join(await directoryOf(posix.dirname(member.linkTarget)), posix.basename(member.linkTarget));
        if (target !== host) replacing(host, () => linkSync(target, host));
        return;
      }
      default:
        throw new NeedsTarget(`${path} is a ${member.type}`);
    }
  }

  async function writeDirectory(path: string, { mode, uid, gid }: PackageMember, order: number): Promise<void> {
    const host = path === '' ? base : join(await directoryOf(posix.dirname(path)), posix.basename(path));
    const stats = statIfThere(host);
    // As dpkg: a link to a directory that stands there stays, and so does what it leads to.
    if (stats?.isSymbolicLink()) {
      await directoryOf(path);
      return;
    }
    if (stats !== undefined && !stats.isDirectory()) throw new NeedsTarget(`${path} is no directory in the root`);
    if (stats === undefined) mkdirSync(host);
    if ((decided.get(host) ?? order) > order) return;
    decided.set(host, order);
    lchownSync(host, uid, gid);
    chmodSync(host, mode);
  }

  /** The directory's place on the host; made if it is missing. */
  async function directoryOf(directory: string): Promise<string> {
    const before = known.get(directory);
    if (before !== undefined) return before;
    const host = await locate(directory);
    known.set(directory, host);
    return host;
  }

  async function locate(directory: string): Promise<string> {
    const host = join(await directoryOf(posix.dirname(directory)), posix.basename(directory));
    const stats = statIfThere(host);
    if (stats === undefined) {
      mkdirSync(host);
      chmodSync(host, 0o755);
    }
    if (stats === undefined || stats.isDirectory()) return host;
    try {
      const target = realpathSync(host);
      const isSame = target === join(base, await resolveDirectoryInRoot(base, directory));
      if (isSame && lstatSync(target).isDirectory()) return target;
    } catch (error) {
      if (!isSystemError(error, 'ENOENT') && !isSystemError(error, 'ENOTDIR') && !isSystemError(error, 'ELOOP'))
        throw error;
    }
    throw new NeedsTarget(directory);
  }

  return { write };
}

async function writeFile(host: string, member: PackageMember): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  let descriptor = -1;
  replacing(host, () => {
    descriptor = openSync(host, flags, 0o600);
  });
  try {
    for await (const chunk of member.content()) writeWhole(descriptor, chunk);
    fchownSync(descriptor, member.uid, member.gid);
    // Behind chown(2), which takes set-user-ID bits away.
    fchmodSync(descriptor, member.mode);
    futimesSync(descriptor, member.mtime, member.mtime);
  } finally {
    closeSync(descriptor);
  }
}

function writeWhole(descriptor: number, chunk: Buffer): void {
  for (let written = 0; written < chunk.length; ) written += writeSync(descriptor, chunk, written);
}

/** Makes something new where nothing is, or in the place of what is no directory. */
function replacing(host: string, make: () => void): void {
  try {
    make();
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) throw new NeedsTarget(host);
    if (!isSystemError(error, 'EEXIST')) throw error;
    if (lstatSync(host).isDirectory()) throw new NeedsTarget(`${host} is a directory`);
    unlinkSync(host);
    make();
  }
}

function statIfThere(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}
