import { posix } from 'node:path';
import { verificationError } from '../../lib/errors.ts';
import {
  type ParsedCommit,
  type ParsedDirmeta,
  type ParsedDirtree,
  parseCommit,
  parseDirmeta,
  parseDirtree,
} from './metadata.ts';

type MetadataKind = 'commit' | 'dirtree' | 'dirmeta';

/** Where a commit's metadata objects are found; their checksums are verified. */
export interface MetadataSource {
  /** The object's bytes, or `undefined` if it is not there. */
  readMetadata(kind: MetadataKind, checksum: string): Promise<Buffer | undefined>;
}

export interface TreeFile {
  /** Absolute path in the commit: `/usr/etc/fstab`. */
  path: string;
  checksum: string;
}

/** All paths below a directory: how many, and their characters together, from that directory on. */
interface Below {
  paths: number;
  characters: number;
}

/** A million files have about a third of this. */
const maximumPathCharacters = 256 * 1024 * 1024;
/** PATH_MAX holds at most this many names. */
const maximumDepth = 2048;

/**
 * Reads a commit object.
 * @throws CosaError `OBJECT_MISSING`, `OBJECT_INVALID` (exit 4)
 */
async function readCommit(source: MetadataSource, checksum: string): Promise<ParsedCommit> {
  return parseCommit(await require(source, 'commit', checksum), `commit ${checksum}`);
}

/**
 * Walks everything that a commit needs and checks that it is there and makes sense.
 * @param maximumPaths how many files and directories the tree may have: a few objects that refer to each other
 *   many times can stand for more than any disk holds
 * @returns the checksums of all content objects
 * @throws CosaError `OBJECT_MISSING`, `OBJECT_INVALID`, `TREE_TOO_LARGE` (exit 4)
 */
export async function checkTree(
  source: MetadataSource,
  commit: string,
  maximumPaths: number,
): Promise<ReadonlySet<string>> {
  const contents = new Set<string>();
  const checkedMeta = new Set<string>();
  // What is below each dirtree: the same dirtree is walked once, wherever it stands.
  const known = new Map<string, Below>();

  async function checkMeta(checksum: string): Promise<void> {
    if (checkedMeta.has(checksum)) return;
    checkedMeta.add(checksum);
    parseDirmeta(await require(source, 'dirmeta', checksum), `dirmeta ${checksum}`);
  }

  async function visit(checksum: string, depth: number): Promise<Below> {
    const before = known.get(checksum);
    if (before !== undefined) return before;
    if (depth > maximumDepth) throw treeTooLarge(commit, `is more than ${maximumDepth} directories deep`);
    const { files, directories } = await readDirtree(source, checksum);
    const below = { paths: files.length + directories.length, characters: 0 };
    for (const { name, checksum: content } of files) {
      contents.add(content);
      below.characters += name.length + 1;
    }
    for (const { name, tree, meta } of directories) {
      await checkMeta(meta);
      const { paths, characters } = await visit(tree, depth + 1);
      below.paths += paths;
      // The directory's name stands in its own path and in each one below it.
      below.characters += characters + (name.length + 1) * (paths + 1);
    }
    if (below.paths > maximumPaths) throw treeTooLarge(commit, `has more than ${maximumPaths} files`);
    if (below.characters > maximumPathCharacters) {
      throw treeTooLarge(commit, `has paths of more than ${maximumPathCharacters} characters together`);
    }
    known.set(checksum, below);
    return below;
  }

  const { rootTree, rootMeta } = await readCommit(source, commit);
  await checkMeta(rootMeta);
  await visit(rootTree, 0);
  return contents;
}

/** Owner, mode and xattrs of a commit's root. @throws CosaError `OBJECT_MISSING`, `OBJECT_INVALID` (exit 4) */
export async function rootMetadata(source: MetadataSource, commit: string): Promise<ParsedDirmeta> {
  const { rootMeta } = await readCommit(source, commit);
  return parseDirmeta(await require(source, 'dirmeta', rootMeta), `dirmeta ${rootMeta}`);
}

/**
 * Lists a commit's files and symbolic links, in ostree's order. The commit should have passed {@link checkTree}.
 * @throws CosaError `OBJECT_MISSING`, `OBJECT_INVALID` (exit 4)
 */
export async function* listFiles(source: MetadataSource, commit: string): AsyncGenerator<TreeFile, void, void> {
  const { rootTree } = await readCommit(source, commit);
  // A stack rather than recursion, whose generators would pass each file up through every level.
  const left = [{ path: '', tree: rootTree }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { files, directories } = await readDirtree(source, next.tree);
    for (const { name, checksum } of files) yield { path: `${next.path}/${name}`, checksum };
    for (const { name, tree } of directories.toReversed()) left.push({ path: `${next.path}/${name}`, tree });
  }
}

/**
 * The content checksum of a file or symbolic link by absolute path, or `undefined`. Symbolic links in the path are
 * not followed.
 * @throws CosaError `OBJECT_MISSING`, `OBJECT_INVALID` (exit 4)
 */
export async function findFile(source: MetadataSource, commit: string, path: string): Promise<string | undefined> {
  const { dir, base } = posix.parse(path);
  return (await filesOf(source, commit, dir)).find(({ name }) => name === base)?.checksum;
}

/** The names of the files and symbolic links of a directory; of one that is not there, none. Throws as {@link findFile}. */
export async function fileNames(source: MetadataSource, commit: string, directory: string): Promise<string[]> {
  return (await filesOf(source, commit, directory)).map(({ name }) => name);
}

/** Most files of one directory that is looked into as a whole. */
const maximumFilesBelow = 10_000;

/**
 * The files and symbolic links below a directory, at whatever depth; of one that is not there, none.
 * @throws CosaError `OBJECT_MISSING`, `OBJECT_INVALID`, `TREE_TOO_LARGE` (exit 4)
 */
export async function filesBelow(source: MetadataSource, commit: string, directory: string): Promise<TreeFile[]> {
  const start = await dirtreeAt(source, commit, directory);
  const left = start === undefined ? [] : [{ path: directory, dirtree: start }];
  const found: TreeFile[] = [];
  let seen = 0;
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { files, directories } = next.dirtree;
    seen += 1 + files.length;
    if (seen > maximumFilesBelow)
      throw treeTooLarge(commit, `has more than ${maximumFilesBelow} files in ${directory}`);
    for (const { name, checksum } of files) found.push({ path: `${next.path}/${name}`, checksum });
    for (const { name, tree } of directories) {
      left.push({ path: `${next.path}/${name}`, dirtree: await readDirtree(source, tree) });
    }
  }
  return found;
}

async function filesOf(source: MetadataSource, commit: string, directory: string): Promise<ParsedDirtree['files']> {
  return (await dirtreeAt(source, commit, directory))?.files ?? [];
}

async function dirtreeAt(
  source: MetadataSource,
  commit: string,
  directory: string,
): Promise<ParsedDirtree | undefined> {
  let dirtree = await readDirtree(source, (await readCommit(source, commit)).rootTree);
  for (const part of directory.split('/').filter((name) => name !== '')) {
    const below = dirtree.directories.find(({ name }) => name === part);
    if (below === undefined) return undefined;
    dirtree = await readDirtree(source, below.tree);
  }
  return dirtree;
}

async function readDirtree(source: MetadataSource, checksum: string): Promise<ParsedDirtree> {
  return parseDirtree(await require(source, 'dirtree', checksum), `dirtree ${checksum}`);
}

async function require(source: MetadataSource, kind: MetadataKind, checksum: string): Promise<Buffer> {
  const bytes = await source.readMetadata(kind, checksum);
  if (bytes === undefined) throw objectMissing(`${kind} ${checksum}`);
  return bytes;
}

/** The error for an object that the commit needs and the image lacks. */
export function objectMissing(what: string) {
  return verificationError('OBJECT_MISSING', `the image lacks ${what}, which its commit needs`, {
    hint: 'the image is incomplete: build or copy it again',
  });
}

function treeTooLarge(commit: string, problem: string) {
  return verificationError('TREE_TOO_LARGE', `commit ${commit} ${problem}`);
}
