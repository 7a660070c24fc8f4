import { release } from 'node:os';
import { mountImage } from '../../exec/mounted-image.ts';
import { asNamespaceRoot, isRealRoot } from '../../exec/namespace.ts';
import { run } from '../../exec/run.ts';
import { isAtLeast, programVersion } from '../../exec/tools/program-version.ts';
import { tools } from '../../exec/tools.ts';
import { CosaError } from '../../lib/errors.ts';
import { mebibyte } from '../partitions/region.ts';
import { immutablePath, type TreeMeasure } from './by-program/measure.ts';
import { obstacleOf } from './by-program/obstacle.ts';
import { type Filling, writerByProgram } from './by-program.ts';
import type { Filesystem, FilesystemRequest, FilesystemWriter } from './filesystem.ts';
import { notStorable } from './not-storable.ts';
import { parseOptions } from './options.ts';

/** The first release whose mkfs.xfs fills the filesystem from a directory, attributes and hard links included. */
const fillsFromDirectory = [6, 17] as const;

const subOptions = /^[a-z0-9]+=[a-z0-9]+(,[a-z0-9]+=[a-z0-9]+)*$/;

const permittedOptions = new Map([
  ['-m', subOptions],
  ['-i', subOptions],
  ['-n', subOptions],
]);

/** What newer programs turn on and kernels before 6.10 do not mount, unless the options say that it is wanted. */
const newFeatures = [
  ['-i', 'exchange'],
  ['-n', 'parent'],
] as const;

/** mkfs.xfs makes none that is smaller. */
const leastBytes = 300 * mebibyte;
/** The log, and room for a system to boot and grow. */
const fixedBytes = 384 * mebibyte;
/** An inode with its name, and an attribute that has no room in it. */
const inodeBytes = 1024;

/** xfs_db reads the path: of what it splits words by, or takes for a command, there is none in it. */
const plainPath = /^[A-Za-z0-9._/-]*$/;

/**
 * XFS, by mkfs.xfs of the host: its bytes depend on the program's version and on the order in which the host lists
 * directories. A newer one fills it from a directory; with an older one, root of the machine mounts it.
 */
export const xfs: Filesystem = {
  name: 'xfs',
  tools: [tools.mkfsXfs, tools.tar],
  host: {
    obstacle: () => obstacleOf(findWay),
    versions: async () => {
      const { way, version } = await findWay();
      const program = `${tools.mkfsXfs.name} ${version}`;
      return way === 'directory' ? [program] : [program, `Linux ${release()}`];
    },
  },
  begin,
};

async function begin(request: FilesystemRequest): Promise<FilesystemWriter> {
  const options = parseOptions('xfs', request, permittedOptions);
  const { way } = await findWay();
  return writerByProgram(request, {
    name: 'xfs',
    needed,
    fill: (filling) => (way === 'directory' ? fromDirectory : byMount)(request, options, filling),
  });
}

function needed({ contentBytes, inodes, names }: TreeMeasure): number {
  return Math.max(leastBytes, contentBytes * 1.03 + (inodes + names) * inodeBytes + fixedBytes);
}

/** @throws CosaError `TOOL_MISSING`, `FILESYSTEM_UNSUPPORTED` (exit 3), `SUBIDS_MISSING` */
async function findWay(): Promise<{ way: 'directory' | 'mount'; version: string }> {
  const version = await programVersion(tools.mkfsXfs, '-V');
  if (isAtLeast(version, fillsFromDirectory)) {
    await asNamespaceRoot(tools.mkfsXfs, []);
    return { way: 'directory', version };
  }
  if (await isRealRoot()) return { way: 'mount', version };
  const wanted = fillsFromDirectory.join('.');
  throw new CosaError(
    'FILESYSTEM_UNSUPPORTED',
    `mkfs.xfs ${version} of this host cannot fill an XFS filesystem from a directory, and only root can mount one`,
    {
      hint: `install xfsprogs ${wanted} or newer, run the command as root, or set "rootfs: ext4" in image.yaml and build the container again`,
    },
  );
}

async function fromDirectory(request: FilesystemRequest, options: readonly string[], filling: Filling): Promise<void> {
  const { image, root, directory, extract } = filling;
  await extract(asNamespaceRoot);
  const args = [...makeArguments(request, options), ...withoutNewFeatures(options), '-p', directory, image];
  const { tool, args: whole } = await asNamespaceRoot(tools.mkfsXfs, args);
  await run(tool, whole, { env: environment(request), signal: request.signal });
  const immutable = immutablePath(root);
  if (immutable === undefined) return;
  if (!plainPath.test(immutable)) throw notStorable('xfs', `/${immutable}`, 'cannot be made immutable');
  // mkfs.xfs would take the flag from the directory, where only root of the machine can set it.
  const commands = [`path /${immutable}`, 'write core.immutable 1'].flatMap((command) => ['-c', command]);
  const { stderr, stdout } = await run(tools.xfsDb, ['-x', ...commands, image]);
  if (!stdout.includes('core.immutable = 1')) {
    throw new CosaError('TOOL_FAILED', `xfs_db could not make /${immutable} immutable: ${stderr.trim()}`);
  }
}

async function byMount(request: FilesystemRequest, options: readonly string[], filling: Filling): Promise<void> {
  const { image, root, directory, extract } = filling;
  const { signal } = request;
  await run(tools.mkfsXfs, [...makeArguments(request, options), image], { env: environment(request), signal });
  // The same container, built twice at a time, has the same UUID.
  await using mounted = await mountImage(image, directory, { type: 'xfs', options: ['nouuid'] });
  try {
    await extract((tool, args) => Promise.resolve(mounted.command(tool, args)));
  } catch (error) {
    // The directory is the filesystem.
    if (error instanceof CosaError && error.code === 'DISK_FULL') {
      throw new CosaError('FILESYSTEM_FULL', 'the filesystem is full', { cause: error });
    }
    throw error;
  }
  const immutable = immutablePath(root);
  if (immutable === undefined) return;
  const { tool, args } = mounted.command(tools.chattr, [
    '+i',
    `${directory}/${Buffer.from(immutable, 'latin1').toString()}`,
  ]);
  await run(tool, args);
}

/** Two allocation groups, for a filesystem that grows a thousandfold gets a thousand times as many. */
function makeArguments({ label, uuid, sectorSize }: FilesystemRequest, options: readonly string[]): string[] {
  const shape = ['-s', `size=${sectorSize}`, '-d', 'agcount=2', '-m', `uuid=${uuid}`];
  return ['-q', '-L', label, ...shape, ...options];
}

function withoutNewFeatures(options: readonly string[]): string[] {
  const named = new Set(options.flatMap((value) => value.split(',')).map((pair) => pair.split('=')[0]));
  return newFeatures.filter(([, name]) => !named.has(name)).flatMap(([option, name]) => [option, `${name}=0`]);
}

function environment({ timestamp }: FilesystemRequest): Record<string, string> {
  return { SOURCE_DATE_EPOCH: String(timestamp), DETERMINISTIC_SEED: '1' };
}
