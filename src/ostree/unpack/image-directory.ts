import { posix } from 'node:path';
import { verificationError } from '../../lib/errors.ts';
import { readTar, type TarEntry } from '../../lib/tar/reader.ts';
import type { Image } from '../../oci/image.ts';
import type { ContentReader } from '../../oci/store.ts';
import type { Reporter } from '../../progress/reporter.ts';
import { type BaseLayer, type OstreeLayers, partsOfImage } from './base-layers.ts';
import { filesBelow } from './commit-tree.ts';
import {
  type DirectoryFile,
  type DirectoryFiles,
  type LayerOfDirectory,
  layeredDirectory,
} from './image-directory/layered.ts';
import type { ImageTree } from './image-tree.ts';
import { layerTar } from './layer-tar.ts';
import { pathError } from './layout-path.ts';
import { defaultLimits } from './limits.ts';
import { meaningOf, namesOfPath } from './merge/entry-path.ts';
import { readMetadata } from './ostree-tree.ts';

export type { DirectoryFiles } from './image-directory/layered.ts';

/**
 * Reads the small files of one directory of an image, of whoever made it, from the top layer downwards, and no more layers
 * than are needed. A layer that is read is read to its end, where its digests are checked; of ostree's layers each object is.
 * @param directory absolute in the image, without links on the way to it
 * @param isWhole whether nothing is missing of what was found: the layers below are left alone then
 * @returns the files; of an image without the directory, none
 * @throws CosaError `CONTAINER_FILE_TOO_LARGE`, `TREE_TOO_LARGE` (exit 4) for more than small files, `LAYER_PATH`, and what
 *   `readTar`, `layerTar` and `readMetadata` throw; the signal's reason
 */
export async function readImageDirectory(
  reader: ContentReader,
  image: Image,
  directory: string,
  { isWhole, reporter }: { isWhole: (files: DirectoryFiles) => boolean; reporter: Reporter },
): Promise<DirectoryFiles> {
  const names = directory.split('/').filter((name) => name !== '');
  const { ostree, ordinary } = partsOfImage(image);
  const tree = layeredDirectory();
  const total = image.manifest.layers.reduce((sum, { size }) => sum + size, 0);
  let read = 0;
  for (const layer of [...ordinary].reverse()) {
    reporter.progress(read, total, 'bytes');
    read += layer.descriptor.size;
    const below = tree.layer();
    await readLayer(below, layer, names, reader, reporter.signal);
    below.finish();
    if (tree.isClosed || (tree.files.size > 0 && isWhole(tree.files))) return tree.files;
  }
  if (ostree !== undefined) {
    reporter.progress(read, total, 'bytes');
    const below = tree.layer();
    await readCommit(below, ostree, names, reader, reporter.signal);
    below.finish();
  }
  return tree.files;
}

async function readLayer(
  into: LayerOfDirectory,
  layer: BaseLayer,
  directory: readonly string[],
  reader: ContentReader,
  signal: AbortSignal,
): Promise<void> {
  const { digest } = layer.descriptor;
  const entries = () => readTar(layerTar(reader, layer, defaultLimits, signal));
  /** Hard links to files that lie elsewhere in the layer. */
  const linked = new Map<string, string>();
  for await (const entry of entries()) {
    const meaning = meaningOf(entry.path, digest);
    if (meaning.kind === 'nothing' || meaning.kind === 'root') continue;
    const path = meaning.kind === 'opaque' ? meaning.parents : [...meaning.parents, meaning.name];
    const place = placeOf(path, directory);
    if (place === undefined) continue;
    if (place === 'above') {
      // What hides it, or is a directory no more: nothing of lower layers is in it.
      if (meaning.kind !== 'file' || entry.type !== 'directory') into.close();
    } else if (meaning.kind !== 'file') {
      into.hide(place, meaning.kind);
    } else if (entry.type === 'directory') {
      into.directory(place);
    } else {
      linked.delete(place);
      const file = await fileOf(entry, place);
      if (file !== undefined) into.file(place, file);
    }
  }
  if (linked.size > 0) await readLinked(into, linked, entries(), digest);

  async function fileOf(entry: TarEntry, place: string): Promise<DirectoryFile | undefined> {
    if (entry.type === 'symlink') return { kind: 'symlink', target: entry.linkTarget };
    if (entry.type === 'file') return { kind: 'file', content: await smallContent(entry, entry.path) };
    if (entry.type !== 'hardlink') return undefined;
    const target = namesOfPath(entry.linkTarget, digest);
    const known = into.get(placeOf(target, directory) ?? '');
    if (known === undefined) linked.set(place, target.join('/'));
    return known;
  }
}

/** Where a path of the image lies: below the directory, relative to it; it or on the way to it; or elsewhere. */
function placeOf(path: readonly string[], directory: readonly string[]): string | 'above' | undefined {
  const common = Math.min(path.length, directory.length);
  for (let index = 0; index < common; index++) if (path[index] !== directory[index]) return undefined;
  return path.length <= directory.length ? 'above' : path.slice(directory.length).join('/');
}

/** Files that are hard links to others, as in ostree's layout: the layer is read once more for their contents. */
async function readLinked(
  into: LayerOfDirectory,
  linked: ReadonlyMap<string, string>,
  entries: AsyncIterable<TarEntry>,
  digest: string,
): Promise<void> {
  const targets = new Set(linked.values());
  const found = new Map<string, DirectoryFile>();
  for await (const entry of entries) {
    const meaning = meaningOf(entry.path, digest);
    if (meaning.kind !== 'file' || entry.type !== 'file') continue;
    const path = [...meaning.parents, meaning.name].join('/');
    if (targets.has(path)) found.set(path, { kind: 'file', content: await smallContent(entry, entry.path) });
  }
  for (const [place, target] of linked) {
    const file = found.get(target);
    if (file === undefined) {
      throw pathError(digest, place, `is a hard link to ${JSON.stringify(target)}, which is no file of the layer`);
    }
    into.file(place, file);
  }
}

/** What the ostree commit of an image has in the directory. */
async function readCommit(
  into: LayerOfDirectory,
  ostree: OstreeLayers,
  directory: readonly string[],
  reader: ContentReader,
  signal: AbortSignal,
): Promise<void> {
  const path = `/${directory.join('/')}`;
  const list = (tree: ImageTree) => filesBelow(tree, ostree.commit, path);
  const { tree } = await readMetadata(reader, ostree, defaultLimits, list, signal);
  const wanted = new Map<string, string[]>();
  for (const { path: name, checksum } of await list(tree)) {
    wanted.set(checksum, [...(wanted.get(checksum) ?? []), posix.relative(path, name)]);
  }
  for (const { layer, objects } of tree.layers) {
    if (wanted.size === 0) return;
    for await (const entry of objects(layerTar(reader, layer, defaultLimits, signal))) {
      const names = entry.type === 'content' ? wanted.get(entry.checksum) : undefined;
      if (names === undefined || entry.type !== 'content') continue;
      const file: DirectoryFile =
        entry.kind === 'symlink'
          ? { kind: 'symlink', target: entry.symlinkTarget }
          : { kind: 'file', content: await smallContent(entry, names[0] ?? '') };
      for (const name of names) into.file(name, file);
      wanted.delete(entry.checksum);
      if (wanted.size === 0) return;
    }
  }
}

/** Most bytes of one file: they are texts that people write. */
const maximumFileBytes = 1024 * 1024;

async function smallContent(entry: { size: number; content(): AsyncIterable<Buffer> }, path: string): Promise<Buffer> {
  if (entry.size > maximumFileBytes) {
    throw verificationError(
      'CONTAINER_FILE_TOO_LARGE',
      `${path} in the image has ${entry.size} bytes; at most ${maximumFileBytes} are accepted`,
    );
  }
  const chunks: Buffer[] = [];
  for await (const chunk of entry.content()) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
