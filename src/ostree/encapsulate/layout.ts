import type { TarHeader } from '../../lib/tar/types.ts';
import { encodeEntry } from '../../lib/tar/writer.ts';
import type { Tree } from '../tree.ts';
import type { FileMetadata } from '../types.ts';

/** Where the repository lies in the image. */
export const repositoryPath = 'sysroot/ostree/repo';

/** https://ostreedev.github.io/ostree/repo/#repository-types-and-locations; written by ostree-container alone. */
export const repositoryConfig = '[core]\nrepo_version=1\nmode=bare-split-xattrs\n';

/** Parents are made before the paths in them. */
const repositoryDirectories = [
  'sysroot/ostree',
  repositoryPath,
  `${repositoryPath}/objects`,
  ...Array.from({ length: 256 }, (_, byte) => `${repositoryPath}/objects/${byte.toString(16).padStart(2, '0')}`),
  `${repositoryPath}/extensions`,
  `${repositoryPath}/refs`,
  `${repositoryPath}/refs/heads`,
  `${repositoryPath}/refs/mirrors`,
  `${repositoryPath}/refs/remotes`,
  `${repositoryPath}/state`,
  `${repositoryPath}/tmp`,
  `${repositoryPath}/tmp/cache`,
];

/** The same bytes in every layer of every image, so they are made once. */
let repositoryHeaders: Buffer | undefined;

/** What a directory or generated file has that no tree describes. */
const generated = { uid: 0, gid: 0, xattrs: [] } as const;

/** A header with what all entries of a layer have in common: no time, permission bits without type. */
export function layerHeader(
  type: TarHeader['type'],
  path: string,
  metadata: FileMetadata,
  rest: { size?: number; linkTarget?: string } = {},
): Buffer {
  return encodeEntry({
    type,
    path,
    linkTarget: rest.linkTarget ?? '',
    size: rest.size ?? 0,
    mode: metadata.mode & 0o7777,
    uid: metadata.uid,
    gid: metadata.gid,
    mtime: 0,
    // A container runtime labels files by its own policy: the build's label would be wrong there.
    xattrs: metadata.xattrs.filter(({ name }) => name !== 'security.selinux'),
  });
}

/** Owner and mode of a file that the repository itself consists of. */
export const repositoryFile: FileMetadata = { ...generated, mode: 0o644 };

/** The path of an object below the image's root. */
export function objectPath(checksum: string, kind: string): string {
  return `${repositoryPath}/objects/${checksum.slice(0, 2)}/${checksum.slice(2)}.${kind}`;
}

/** Where a path of the tree stands in the container's file system: no leading slash, `/usr/etc` is `etc`. */
export function layoutPath(path: string): string {
  if (path === '/usr/etc' || path.startsWith('/usr/etc/')) return path.slice('/usr/'.length);
  return path.slice(1);
}

/** Writes directories, each at most once a layer and after its parents. */
export interface DirectoryWriter {
  /** Headers for a directory (layout path, no trailing slash; empty for the root) and those above it, as far as missing. */
  directory(path: string): Generator<Buffer, void, void>;
  /** Headers for the directories above a path, as far as missing. */
  parents(path: string): Generator<Buffer, void, void>;
  /** Headers for the repository's directories. */
  repository(): Generator<Buffer, void, void>;
}

/** @param tree gives owners and modes; directories that it lacks belong to root, 0755 unless `modes` says otherwise */
export function directoryWriter(tree: Tree, modes: ReadonlyMap<string, number>): DirectoryWriter {
  const written = new Set<string>(['']);

  function metadataOf(path: string): FileMetadata {
    const inTree = path === 'etc' || path.startsWith('etc/') ? `/usr/${path}` : `/${path}`;
    return tree.directories.get(inTree) ?? { ...generated, mode: modes.get(path) ?? 0o755 };
  }

  function* directory(path: string): Generator<Buffer, void, void> {
    if (written.has(path)) return;
    yield* parents(path);
    written.add(path);
    yield layerHeader('directory', `${path}/`, metadataOf(path));
  }

  function* parents(path: string): Generator<Buffer, void, void> {
    yield* directory(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
  }

  function* repository(): Generator<Buffer, void, void> {
    yield* directory('sysroot');
    for (const path of repositoryDirectories) written.add(path);
    const header = (path: string) => layerHeader('directory', `${path}/`, { ...generated, mode: 0o755 });
    repositoryHeaders ??= Buffer.concat(repositoryDirectories.map(header));
    yield repositoryHeaders;
  }

  return { directory, parents, repository };
}
