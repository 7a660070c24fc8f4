import { verificationError } from '../../lib/errors.ts';
import type { CommitDirectories, CommitDirectory } from '../../ostree/unpack/directories.ts';
import { containerPath, findDirectory, requireDirectory } from './container-path.ts';
import { findKernel, type Kernel } from './kernel.ts';

/** What will be on the disk of a commit, as far as that shows before its contents have come. */
export interface DeploymentPlan {
  commit: CommitDirectories;
  stateroot: string;
  kernel: Kernel;
  /** The commit's `/usr/etc`, which the deployment's `/etc` is a copy of. */
  etc: CommitDirectory;
  /** The commit's `/var`, which the stateroot's begins as a copy of. */
  initialVar: CommitDirectory | undefined;
  /** How many copies of a content there are besides the object itself, for those that have any. */
  copies: ReadonlyMap<string, number>;
  /** How many names a content has that has more than an inode can have: only empty files may, which share no inode. */
  crowded: ReadonlyMap<string, number>;
}

/** Names go into paths, and into the boot menu. */
const staterootPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** An inode of ext4 has at most this many names; the object in the repository is one of them. */
export const mostNames = 65_000;

/**
 * Plans the deployment of a commit, as `ostree admin deploy` does it.
 * @throws CosaError `NAME_INVALID`, `CONTAINER_KERNEL`, `CONTAINER_PATH` (exit 4)
 */
export function planDeployment(commit: CommitDirectories, stateroot: string): DeploymentPlan {
  if (!staterootPattern.test(stateroot)) {
    throw verificationError(
      'NAME_INVALID',
      `the container's name ${JSON.stringify(stateroot)} cannot name a directory`,
    );
  }
  const { root } = commit;
  requireDirectory(root, '/usr');
  requireDirectory(root, '/usr/lib');
  const kernel = findKernel(root);
  const etc = requireEtc(root);
  const initialVar = findDirectory(root, '/var');
  const copies = new Map<string, number>();
  countContents(etc, copies);
  if (initialVar !== undefined) countContents(initialVar, copies);
  return { commit, stateroot, kernel, etc, initialVar, copies, crowded: crowdedContents(root) };
}

function requireEtc(root: CommitDirectory): CommitDirectory {
  const etc = findDirectory(root, '/etc');
  if (etc !== undefined && etc.files.size + etc.directories.size > 0) {
    throw containerPath('/etc', 'is not empty: its place is /usr/etc');
  }
  return requireDirectory(root, '/usr/etc');
}

function crowdedContents(root: CommitDirectory): ReadonlyMap<string, number> {
  const names = new Map<string, number>();
  countContents(root, names);
  return new Map([...names].filter(([, count]) => count >= mostNames));
}

/** Adds up how often each content stands in a directory and below. */
function countContents({ files, directories }: CommitDirectory, counts: Map<string, number>): void {
  for (const checksum of files.values()) counts.set(checksum, (counts.get(checksum) ?? 0) + 1);
  for (const below of directories.values()) countContents(below, counts);
}
