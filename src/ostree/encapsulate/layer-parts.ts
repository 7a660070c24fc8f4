import { CosaError } from '../../lib/errors.ts';
import { endOfArchive, padding } from '../../lib/tar/writer.ts';
import type { ScannedFile } from '../content-threads/read-file.ts';
import { encodeXattrs } from '../objects.ts';
import type { Tree } from '../tree.ts';
import type { ContentObject, MetadataObject } from '../types.ts';
import {
  type DirectoryWriter,
  directoryWriter,
  layerHeader,
  layoutPath,
  objectPath,
  repositoryConfig,
  repositoryFile,
  repositoryPath,
} from './layout.ts';

/** A layer's tar stream, part by part: bytes, or the file whose content stands there. Padding is in the parts. */
export type LayerParts = Iterable<Buffer | ScannedFile>;

/**
 * Layer 0: the commit, all metadata, all directories and the files that no component owns.
 * @param paths files and links of the tree, sorted
 * @throws CosaError `TREE_HAS_ETC`
 */
export function* baseLayerParts(
  tree: Tree,
  commit: MetadataObject,
  paths: readonly string[],
): Generator<Buffer | ScannedFile, void, void> {
  if (tree.directories.has('/etc')) {
    throw new CosaError('TREE_HAS_ETC', 'the tree has /etc, which is the place of /usr/etc in the container', {
      hint: 'move /etc to /usr/etc before the commit',
    });
  }
  const directories = directoryWriter(tree, new Map([['var/tmp', 0o1777]]));
  yield* skeleton(directories);
  const root = tree.directories.get('/');
  if (root !== undefined) yield layerHeader('directory', './', root);
  for (const object of [commit, ...tree.metadata]) {
    yield* smallFile(objectPath(object.checksum, object.kind), object.bytes);
  }
  for (const path of tree.directories.keys()) yield* directories.directory(layoutPath(path));
  yield* contentParts(tree, directories, paths);
  yield* directories.directory('var/tmp');
  yield endOfArchive;
}

/**
 * A component layer.
 * @param paths files and links of the tree, sorted
 */
export function* componentLayerParts(
  tree: Tree,
  paths: readonly string[],
): Generator<Buffer | ScannedFile, void, void> {
  const directories = directoryWriter(tree, new Map());
  yield* skeleton(directories);
  yield* contentParts(tree, directories, paths);
  yield endOfArchive;
}

/** The repository's directories and config, which every layer has so that each can be unpacked alone. */
function* skeleton(directories: DirectoryWriter): Generator<Buffer | ScannedFile, void, void> {
  yield* directories.repository();
  yield* smallFile(`${repositoryPath}/config`, Buffer.from(repositoryConfig));
}

/**
 * Hard links to one object: ext4 holds 65,000 names of a file, and whoever unpacks a layer may add some. Further paths of
 * the same content are files of their own, which importers pass over as they do with every path outside the repository.
 */
const maximumLinks = 30_000;

function* contentParts(
  tree: Tree,
  directories: DirectoryWriter,
  paths: readonly string[],
): Generator<Buffer | ScannedFile, void, void> {
  // Objects come in the order of their first path, so a changed file does not move the others.
  const pathsOf = new Map<string, { object: ContentObject; paths: string[] }>();
  for (const path of paths) {
    const object = tree.files.get(path);
    if (object === undefined) continue;
    const known = pathsOf.get(object.checksum);
    if (known === undefined) pathsOf.set(object.checksum, { object, paths: [path] });
    else known.paths.push(path);
  }
  for (const { object, paths: objectPaths } of pathsOf.values()) {
    yield* objectParts(object, objectPaths[0] ?? '');
    for (const [index, path] of objectPaths.entries()) {
      yield* directories.parents(layoutPath(path));
      if (index < maximumLinks) yield layoutEntry(object, layoutPath(path));
      else yield* contentEntry(object, layoutPath(path), path);
    }
  }
}

function* objectParts(object: ContentObject, path: string): Generator<Buffer | ScannedFile, void, void> {
  // Importers need the xattrs directly before the object.
  yield* smallFile(objectPath(object.checksum, 'file-xattrs-link'), encodeXattrs(object.xattrs));
  yield* contentEntry(object, objectPath(object.checksum, 'file'), path);
}

/**
 * A file or symbolic link with all that it is.
 * @param name in the layer
 * @param path where its content is in the tree
 */
function* contentEntry(object: ContentObject, name: string, path: string): Generator<Buffer | ScannedFile, void, void> {
  if (object.symlinkTarget !== '') {
    yield layerHeader('symlink', name, object, { linkTarget: object.symlinkTarget });
    return;
  }
  yield layerHeader('file', name, object, { size: object.size });
  if (object.size === 0) return;
  yield { path, size: object.size };
  yield padding(object.size);
}

function layoutEntry(object: ContentObject, path: string): Buffer {
  // Empty files are many and alike: a runtime that opens one for writing through a hard link would change the object.
  if (object.size === 0 && object.symlinkTarget === '') return layerHeader('file', path, object);
  // The object carries the xattrs already, and a hard link shares them.
  return layerHeader('hardlink', path, { ...object, xattrs: [] }, { linkTarget: objectPath(object.checksum, 'file') });
}

function* smallFile(path: string, content: Buffer): Generator<Buffer | ScannedFile, void, void> {
  yield layerHeader('file', path, repositoryFile, { size: content.length });
  yield content;
  yield padding(content.length);
}
