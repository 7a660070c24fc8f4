import { mkdir, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { asNamespaceRoot, type Command, isRealRoot } from '../../exec/namespace.ts';
import { run, start } from '../../exec/run.ts';
import { type Tool, tools } from '../../exec/tools.ts';
import { CosaError } from '../../lib/errors.ts';
import { mebibyte } from '../partitions/region.ts';
import { treeArchive } from './by-program/archive.ts';
import { waitingContents } from './by-program/contents.ts';
import { copyData } from './by-program/copy-data.ts';
import { measureTree, type TreeMeasure } from './by-program/measure.ts';
import type { FilesystemRequest, FilesystemWriter } from './filesystem.ts';
import { filesystemFull } from './full.ts';
import type { DirectoryNode } from './tree.ts';

/** How a program is run so that it may do what the filesystem needs: {@link asNamespaceRoot}, or in a mount namespace. */
type AsRoot = (tool: Tool, args: readonly string[]) => Promise<Command>;

/** What there is to make a filesystem of. */
export interface Filling {
  /** A file as large as the filesystem, that reads as zeros. */
  image: string;
  root: DirectoryNode;
  /** An empty directory, which is removed afterwards with what lies in it. */
  directory: string;
  /**
   * Places the tree in the directory, with its owners, modes, links and attributes.
   * @throws CosaError `DISK_FULL` if what the directory lies on is full
   */
  extract(asRoot: AsRoot): Promise<void>;
}

/** A program of the host that makes a filesystem. */
export interface Maker {
  /** As image.json names it. */
  name: string;
  /** Bytes that a filesystem needs for a tree, with some room left. */
  needed(measure: TreeMeasure): number;
  /** Makes the filesystem with the tree in it. */
  fill(filling: Filling): Promise<void>;
}

/**
 * A filesystem that a program of the host makes from a directory: contents wait in a file, and at the end the tree is made
 * for real, as root of a namespace for whoever is not root.
 */
export async function writerByProgram(request: FilesystemRequest, maker: Maker): Promise<FilesystemWriter> {
  const base = await mkdtemp(join(request.scratch, `${maker.name}-`));
  const contents = waitingContents(join(base, 'contents'));
  const image = join(base, 'image');

  async function make(root: DirectoryNode, size: number): Promise<void> {
    const directory = join(base, 'tree');
    await using _ = await emptyDirectory(directory);
    await writeFile(image, '');
    await truncate(image, size);
    await maker.fill({
      image,
      root,
      directory,
      extract: (asRoot) => extractTree(treeArchive(root, maker.name, contents.read), asRoot, directory, request.signal),
    });
  }

  return {
    create: (size) => contents.create(size),
    reserve: () => {
      throw new RangeError(`no disk is laid over one whose filesystem is ${maker.name}`);
    },
    async finish(root, wishedSize) {
      request.signal.throwIfAborted();
      const measure = measureTree(root);
      if (measure.needsRealRoot && !(await isRealRoot())) throw needsRoot(maker.name);
      const needed = Math.ceil(maker.needed(measure) / mebibyte) * mebibyte;
      const size = wishedSize ?? needed;
      try {
        await make(root, size);
      } catch (error) {
        if (
          error instanceof CosaError &&
          (error.code === 'FILESYSTEM_FULL' ||
            (error.code === 'TOOL_FAILED' &&
              /No space left|out of space|ENOSPC|not enough|too small/i.test(error.message)))
        ) {
          throw filesystemFull(request.label, size, Math.max(needed, size + mebibyte), error);
        }
        throw error;
      }
      // mkfs.btrfs makes the file larger instead of complaining.
      if ((await stat(image)).size !== size)
        throw filesystemFull(request.label, size, Math.max(needed, size + mebibyte));
      contents.clear();
      await copyData(image, request.output, request.signal);
      return size;
    },
    placeOf: () => undefined,
    async [Symbol.asyncDispose]() {
      contents.close();
      await rm(base, { recursive: true, force: true });
    },
  };
}

/** A directory whose content may belong to anybody when it is disposed of. */
async function emptyDirectory(path: string): Promise<AsyncDisposable> {
  const remove = await asNamespaceRoot(tools.rm, ['--recursive', '--force', '--', path]);
  await mkdir(path);
  return {
    async [Symbol.asyncDispose]() {
      await run(remove.tool, remove.args);
    },
  };
}

/** tar tells of attributes that it could not set, and goes on: here whatever it tells is an error. */
async function extractTree(
  archive: Iterable<Uint8Array>,
  asRoot: AsRoot,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  const options = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '--same-owner', '--same-permissions'];
  // Times of 1970 are what ostree wants.
  const args = ['--extract', '--file=-', `--directory=${directory}`, ...options, '--warning=no-timestamp'];
  const { tool, args: whole } = await asRoot(tools.tar, args);
  const complaints: string[] = [];
  const program = await start(tool, whole, { signal, onStderrLine: (line) => complaints.push(line) });
  program.stdout.resume();
  let fault: Error | undefined;
  function* entries() {
    try {
      yield* archive;
    } catch (error) {
      fault = error as Error;
      throw error;
    }
  }
  const [written, done] = await Promise.allSettled([pipeline(entries, program.stdin), program.done]);
  // What tar says of an archive that ends early, or our pipe of a tar that ended early, is not the reason.
  if (fault !== undefined) throw fault;
  if (done.status === 'rejected') throw fullDisk(done.reason, directory);
  if (written.status === 'rejected') throw written.reason;
  if (complaints[0] !== undefined) throw new CosaError('TOOL_FAILED', `tar: ${complaints[0]}`);
}

/** tar says it in two ways. */
function fullDisk(error: unknown, directory: string): unknown {
  if (!(error instanceof CosaError) || !/No space left|Wrote only \d+ of/.test(error.message)) return error;
  return new CosaError('DISK_FULL', `no space is left on the disk that ${directory} lies on`, { cause: error });
}

function needsRoot(name: string): CosaError {
  return new CosaError(
    'FILESYSTEM_UNSUPPORTED',
    `the files of the container have labels, and only root can write them to a filesystem of kind ${name}`,
    { hint: 'run the command as root, or set "rootfs: ext4" in image.yaml and build the container again' },
  );
}
