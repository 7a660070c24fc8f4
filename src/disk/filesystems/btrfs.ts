import { asNamespaceRoot } from '../../exec/namespace.ts';
import { run } from '../../exec/run.ts';
import { isAtLeast, programVersion } from '../../exec/tools/program-version.ts';
import { tools } from '../../exec/tools.ts';
import { CosaError } from '../../lib/errors.ts';
import { mebibyte } from '../partitions/region.ts';
import type { TreeMeasure } from './by-program/measure.ts';
import { obstacleOf } from './by-program/obstacle.ts';
import { type Maker, writerByProgram } from './by-program.ts';
import type { Filesystem, FilesystemRequest, FilesystemWriter } from './filesystem.ts';
import { parseOptions } from './options.ts';
import type { DirectoryNode } from './tree.ts';

const permittedOptions = new Map([
  ['--csum', /^(crc32c|xxhash|sha256|blake2)$/],
  ['--compress', /^(no|lzo|zlib(:[1-9])?|zstd(:\d{1,2})?)$/],
  ['--nodesize', /^(4|8|16|32|64)k$/i],
  ['-O', /^\^?[a-z0-9-]+(,\^?[a-z0-9-]+)*$/],
]);

/** Older ones give the root directory an owner, a mode and attributes of their own. */
const copiesRoot = [6, 14] as const;

/** The system's own trees, and room for a system to boot and grow. */
const fixedBytes = 384 * mebibyte;
/** An inode with its name, attributes and extent, kept twice. */
const inodeBytes = 2 * 2048;

/**
 * btrfs, by mkfs.btrfs of the host. It gives trees of its own random identifiers, so that no two filesystems are the same;
 * and no directory becomes immutable.
 */
export const btrfs: Filesystem = {
  name: 'btrfs',
  tools: [tools.mkfsBtrfs, tools.tar],
  host: {
    obstacle: () => obstacleOf(() => asNamespaceRoot(tools.mkfsBtrfs, [])),
    versions: async () => [`${tools.mkfsBtrfs.name} ${await programVersion(tools.mkfsBtrfs, '--version')}`],
  },
  begin,
};

async function begin(request: FilesystemRequest): Promise<FilesystemWriter> {
  const options = parseOptions('btrfs', request, permittedOptions);
  await asNamespaceRoot(tools.mkfsBtrfs, []);
  return writerByProgram(request, maker(request, options));
}

function maker({ label, uuid, timestamp, signal }: FilesystemRequest, options: readonly string[]): Maker {
  return {
    name: 'btrfs',
    needed: ({ contentBytes, inodes, names }: TreeMeasure) =>
      contentBytes * 1.05 + (inodes + names) * inodeBytes + fixedBytes,
    async fill({ image, root, directory, extract }) {
      await requireRootCopied(root);
      await extract(asNamespaceRoot);
      // Pages of 4 KiB, whatever the host has: not every kernel mounts others.
      const args = ['--quiet', '--force', '--label', label, '--uuid', uuid, '--sectorsize', '4096', ...options];
      const { tool, args: whole } = await asNamespaceRoot(tools.mkfsBtrfs, [...args, '--rootdir', directory, image]);
      await run(tool, whole, { env: { SOURCE_DATE_EPOCH: String(timestamp) }, signal });
    },
  };
}

/** @throws CosaError `FILESYSTEM_UNSUPPORTED` (exit 3) for a root directory that an older mkfs.btrfs would not make */
async function requireRootCopied({ uid, gid, mode, xattrs }: DirectoryNode): Promise<void> {
  if (uid === 0 && gid === 0 && mode === 0o755 && xattrs.length === 0) return;
  const version = await programVersion(tools.mkfsBtrfs, '--version');
  if (isAtLeast(version, copiesRoot)) return;
  throw new CosaError(
    'FILESYSTEM_UNSUPPORTED',
    `mkfs.btrfs ${version} of this host gives the root directory neither its mode nor its label`,
    {
      hint: `install btrfs-progs ${copiesRoot.join('.')} or newer, or set "rootfs: ext4" in image.yaml and build the container again`,
    },
  );
}
