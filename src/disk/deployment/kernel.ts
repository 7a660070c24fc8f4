import { verificationError } from '../../lib/errors.ts';
import { sortByBytes } from '../../lib/order.ts';
import type { CommitDirectory } from '../../ostree/unpack/directories.ts';
import { containerPath, findDirectory, findFileChecksum } from './container-path.ts';

const modules = '/usr/lib/modules';

/** It stands in names of files and, unquoted, in the boot menu. */
const releasePattern = /^[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}$/;

/** A file of the kernel's that the boot filesystem gets a copy of. */
export interface KernelFile {
  /** In the container. */
  source: string;
  /** Content checksum. */
  checksum: string;
  /** Relative to the kernel's directory in the boot filesystem: `vmlinuz-6.12.0`, `dtb/board.dtb`. */
  path: string;
}

interface KernelDirectory {
  /** As a file's. */
  path: string;
  uid: number;
  gid: number;
  /** Permission bits. */
  mode: number;
}

export interface Kernel {
  release: string;
  /** Those that count for the checksum that the kernel's directory is named by, in the order in which they do. */
  hashed: readonly KernelFile[];
  /** The others. */
  others: readonly KernelFile[];
  /** Directories that the boot filesystem gets with those files, parents first. */
  directories: readonly KernelDirectory[];
  /** What the boot loader's entry has of the hardware's description, if there is one. */
  deviceTree: 'devicetree' | 'dtb' | undefined;
}

/**
 * Finds the one kernel of a commit, as ostree does.
 * https://ostreedev.github.io/ostree/deployment/
 * @throws CosaError `CONTAINER_KERNEL`, `CONTAINER_PATH`, `NAME_INVALID` (exit 4)
 */
export function findKernel(root: CommitDirectory): Kernel {
  const directories = findDirectory(root, modules)?.directories ?? new Map<string, CommitDirectory>();
  const releases = [...directories]
    .filter(([, { files }]) => files.has('vmlinuz') && files.has('initramfs.img'))
    .map(([name]) => name);
  const [release, second] = sortByBytes(releases);
  if (release === undefined || second !== undefined) throw wrongNumber(releases);
  if (!releasePattern.test(release)) {
    throw verificationError('NAME_INVALID', `the kernel's release ${JSON.stringify(release)} cannot be part of a path`);
  }
  const file = (name: string, path: string): KernelFile[] => {
    const source = `${modules}/${release}/${name}`;
    const checksum = findFileChecksum(root, source);
    return checksum === undefined ? [] : [{ source, checksum, path }];
  };
  const deviceTree = file('devicetree', `devicetree-${release}`);
  // Where there is one description, it is not to be chosen among several.
  const dtb = `${modules}/${release}/dtb`;
  const deviceTrees = deviceTree.length > 0 ? { files: [], directories: [] } : findDeviceTrees(root, dtb);
  return {
    release,
    hashed: [
      ...file('vmlinuz', `vmlinuz-${release}`),
      ...file('initramfs.img', `initramfs-${release}.img`),
      ...deviceTree,
      ...deviceTrees.files,
    ],
    others: file('.vmlinuz.hmac', `.vmlinuz-${release}.hmac`),
    directories: deviceTrees.directories,
    deviceTree: deviceTree.length > 0 ? 'devicetree' : deviceTrees.directories.length > 0 ? 'dtb' : undefined,
  };
}

interface DeviceTrees {
  /** Each directory in the order of names. */
  files: KernelFile[];
  directories: KernelDirectory[];
}

function findDeviceTrees(root: CommitDirectory, top: string): DeviceTrees {
  const found: DeviceTrees = { files: [], directories: [] };
  function visit({ files, directories, uid, gid, mode }: CommitDirectory, path: string): void {
    found.directories.push({ path: `dtb${path}`, uid, gid, mode });
    for (const name of sortByBytes([...files.keys(), ...directories.keys()])) {
      const below = directories.get(name);
      if (below !== undefined) visit(below, `${path}/${name}`);
      const checksum = files.get(name);
      if (checksum === undefined) continue;
      found.files.push({ source: `${top}${path}/${name}`, checksum, path: `dtb${path}/${name}` });
    }
  }
  const directory = findDirectory(root, top);
  if (directory !== undefined) visit(directory, '');
  if (found.files.length > mostDeviceTrees) throw containerPath(top, `holds more than ${mostDeviceTrees} files`);
  return found;
}

/** Linux has some 2,000 for all boards of an architecture. */
const mostDeviceTrees = 10_000;

function wrongNumber(releases: readonly string[]) {
  return verificationError(
    'CONTAINER_KERNEL',
    releases.length === 0
      ? `the container has no kernel: ${modules}/*/vmlinuz with initramfs.img beside it`
      : `the container has ${releases.length} kernels, and one is expected: ${sortByBytes(releases)
          .map((name) => JSON.stringify(name))
          .join(', ')}`,
    { hint: 'only bootable containers (label ostree.bootable) can become disks' },
  );
}
