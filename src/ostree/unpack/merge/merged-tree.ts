import { verificationError } from '../../../lib/errors.ts';
import { readTar, type TarEntry } from '../../../lib/tar/reader.ts';
import { contentHash, fileTypeBits } from '../../objects.ts';
import type { BaseLayer } from '../base-layers.ts';
import { pathError } from '../layout-path.ts';
import type { UnpackLimits } from '../limits.ts';
import { directoryAt, hideLower, type LinkedTree } from './directory-at.ts';
import { entryMetadata, requireTarget } from './entry-metadata.ts';
import { meaningOf, namesOfPath } from './entry-path.ts';
import { type MergedDirectory, type MergedNode, newDirectory, type TreeContent } from './node.ts';

/** Characters of all names, targets and xattrs: a million files have about a third of this. */
const maximumCharacters = 256 * 1024 * 1024;

/** A tree that ordinary layers are put on, one after the other, as a container's runtime does it. */
export interface MergedTree {
  root: MergedDirectory;
  /**
   * Puts a layer on top. Each content is read once, for its checksum.
   * @param tar the layer's stream, see `layerTar`
   * @throws CosaError `LAYER_PATH`, `TREE_TOO_LARGE`, `CONTENT_TOO_LARGE` (exit 4), what `readTar` throws
   */
  add(layer: BaseLayer, tar: AsyncIterable<Buffer>): Promise<void>;
}

/**
 * @param root what lies below all ordinary layers; is changed
 * @param linkTarget targets of symbolic links that lie there; undefined for files
 */
export function mergedTree(
  root: MergedDirectory,
  linkTarget: (checksum: string) => Promise<string | undefined>,
  limits: UnpackLimits,
): MergedTree {
  const count = counter(limits);
  const tree: LinkedTree = {
    root,
    count,
    pass: steps(limits),
    targetOf: async ({ place, target, checksum }) => (place === undefined ? linkTarget(checksum) : target),
  };
  let layers = 0;
  let contentBytes = 0;

  async function add({ descriptor: { digest } }: BaseLayer, tar: AsyncIterable<Buffer>): Promise<void> {
    const layer = layers++;
    for await (const entry of readTar(tar)) {
      contentBytes += entry.size;
      if (contentBytes > limits.contentBytes) throw contentTooLarge(digest, limits);
      await addEntry(entry, layer, digest);
    }
  }

  async function addEntry(entry: TarEntry, layer: number, digest: string): Promise<void> {
    const { path, type } = entry;
    const meaning = meaningOf(path, digest);
    switch (meaning.kind) {
      case 'nothing':
        return;
      case 'root':
        if (type !== 'directory') throw pathError(digest, path, `is a ${type} in the place of the root`);
        Object.assign(root, entryMetadata(entry, digest));
        return;
      case 'opaque':
      case 'whiteout': {
        if (type !== 'file') throw pathError(digest, path, `is a whiteout that is a ${type}`);
        const parent = await directoryAt(tree, meaning.parents, { layer: digest, path, make: undefined });
        if (parent === undefined) return;
        if (meaning.kind === 'opaque') hideLower(parent, layer);
        else hide(parent, meaning.name, layer);
        return;
      }
      case 'file': {
        const { name } = meaning;
        count(name.length + xattrCharacters(entry));
        const node = await nodeOf(entry, layer, digest);
        const parent = await directoryAt(tree, meaning.parents, { layer: digest, path, make: layer });
        if (parent === undefined) return;
        const before = parent.entries.get(name);
        // A directory that two layers have is one, with the later one's owner and mode.
        if (node.kind === 'directory' && before?.kind === 'directory') Object.assign(before, ownOf(node));
        else parent.entries.set(name, node);
      }
    }
  }

  async function nodeOf(entry: TarEntry, layer: number, digest: string): Promise<MergedNode> {
    switch (entry.type) {
      case 'directory':
        return { ...newDirectory(layer), ...entryMetadata(entry, digest) };
      case 'file':
      case 'symlink':
        return { kind: 'content', content: await contentOf(entry, layer, digest), layer };
      case 'hardlink':
        return { ...(await linkedNode(entry, digest)), layer };
      default:
        return { kind: 'special', type: entry.type, layer };
    }
  }

  async function contentOf(entry: TarEntry, layer: number, digest: string): Promise<TreeContent> {
    const isLink = entry.type === 'symlink';
    if (isLink) {
      requireTarget(entry, digest);
      count(entry.linkTarget.length);
    }
    const { mode, ...owner } = entryMetadata(entry, digest);
    const typeBits = isLink ? fileTypeBits.symlink : fileTypeBits.file;
    const hash = contentHash({ ...owner, mode: typeBits | mode }, entry.linkTarget);
    for await (const chunk of entry.content()) hash.update(chunk);
    const target = isLink ? entry.linkTarget : undefined;
    return { checksum: hash.digest('hex'), target, size: entry.size, place: { layer, offset: entry.offset } };
  }

  async function linkedNode({ path, linkTarget: text }: TarEntry, digest: string): Promise<MergedNode> {
    if (text.split('/').includes('..')) {
      throw pathError(digest, path, `is a hard link to ${JSON.stringify(text)}, which leads out of the image`);
    }
    const names = namesOfPath(text, digest);
    const name = names.pop() ?? '';
    const parent = await directoryAt(tree, names, { layer: digest, path, make: undefined });
    const node = parent?.entries.get(name);
    if (node !== undefined && node.kind !== 'directory') return node;
    throw pathError(digest, path, `is a hard link to ${JSON.stringify(text)}, which is no file before it`);
  }

  return { root, add };
}

function hide(parent: MergedDirectory, name: string, layer: number): void {
  const child = parent.entries.get(name);
  if (child === undefined) return;
  if (child.layer !== layer) parent.entries.delete(name);
  else if (child.kind === 'directory') hideLower(child, layer);
}

function ownOf({ uid, gid, mode, xattrs, layer }: MergedDirectory) {
  return { uid, gid, mode, xattrs, layer };
}

function xattrCharacters({ xattrs }: TarEntry): number {
  return xattrs.reduce((sum, { name, value }) => sum + name.length + value.length, 0);
}

/** Counts what is kept, in all layers together, whether a later one hides it or not. */
function counter({ entries }: UnpackLimits): (characters: number) => void {
  let nodes = 0;
  let characters = 0;
  return (more) => {
    nodes += 1;
    characters += more;
    if (nodes <= entries && characters <= maximumCharacters) return;
    const what =
      nodes > entries ? `more than ${entries} entries` : `more than ${maximumCharacters} bytes of names and xattrs`;
    throw verificationError('TREE_TOO_LARGE', `the image's ordinary layers have ${what}`);
  };
}

/** Counts the names on the ways of all entries together. */
function steps(limits: UnpackLimits): (names: number, layer: string) => void {
  let passed = 0;
  return (names, layer) => {
    passed += names;
    if (passed <= limits.steps) return;
    throw verificationError(
      'TREE_TOO_LARGE',
      `layer ${layer}: the ways to the entries of the image's ordinary layers are longer than ${limits.steps} names together`,
      { hint: 'no operating system has so many files behind so many links: do not trust the image' },
    );
  };
}

function contentTooLarge(layer: string, { contentBytes }: UnpackLimits) {
  return verificationError(
    'CONTENT_TOO_LARGE',
    `layer ${layer}: the image's files are larger than ${contentBytes} bytes`,
    { hint: 'no operating system is this large: do not trust the image' },
  );
}
