import { sortByBytes } from '../lib/order.ts';
import { readTar, type TarEntry } from '../lib/tar/reader.ts';
import { type LayerStream, mergeLayers, partsOf } from './merged-tree.ts';
import { type FileInfo, type Node, nodeAt } from './node.ts';

/** A container as rules see it. Paths have no slash in front: `usr/etc/passwd`. Symbolic links are not followed. */
export interface LintedContainer {
  labels: Readonly<Record<string, string>>;
  /** What there is under a path. */
  get(path: string): FileInfo | undefined;
  /** The names in a directory, sorted; none if it is no directory. */
  names(path: string): readonly string[];
  /** Everything below a directory, sorted, directories before what is in them. */
  walk(path: string): Iterable<readonly [path: string, info: FileInfo]>;
  /** The content of a file that {@link textPaths} names, or `undefined`. */
  text(path: string): string | undefined;
  /** Whether the commit in an ostree container has SELinux labels; undefined for one without a commit. */
  readonly isLabelled: boolean | undefined;
}

/** Files that rules read: these, and all in these directories that end so. */
const selinuxConfigs = ['etc/selinux/config', 'usr/etc/selinux/config'];
const textFiles = ['etc/passwd', 'etc/group', 'usr/etc/passwd', 'usr/etc/group', 'usr/lib/passwd', 'usr/lib/group'];
const moreTextFiles = ['usr/lib/ostree/prepare-root.conf', 'etc/ostree/prepare-root.conf'];
const textDirectories: readonly (readonly [directory: string, ending: string])[] = [
  ['usr/lib/sysusers.d', '.conf'],
  ['usr/lib/tmpfiles.d', '.conf'],
  ['usr/lib/bootc/kargs.d', '.toml'],
];

/** No such file is larger; what is, is not read. */
const maximumTextBytes = 1024 * 1024;
const maximumTexts = 4096;

/**
 * Reads what rules look at: the names of all files, and the text of a few. Twice, if it must be, from the layers; in
 * memory, and nothing is unpacked.
 * @throws CosaError what {@link mergeLayers} throws (exit 4)
 */
export async function readContainer(
  layers: readonly LayerStream[],
  labels: Readonly<Record<string, string>>,
): Promise<LintedContainer> {
  const objects = labelsOfCommit();
  const root = await mergeLayers(layers, objects.watch);
  const texts = await readTexts(layers, root);
  const at = (path: string) => nodeAt(root, partsOf(path));
  const names = (path: string) => sortByBytes(at(path)?.children.keys() ?? []);
  return {
    labels,
    get: (path) => at(path)?.info,
    names,
    walk: (path) => walk(at(path), path),
    text: (path) => texts.get(path),
    isLabelled: objects.isLabelled(),
  };
}

const dirmeta = /^(?:\.?\/)?sysroot\/ostree\/repo\/objects\/[0-9a-f]{2}\/[0-9a-f]{62}\.dirmeta$/;
/** One has owner, mode and a few attributes. */
const maximumDirmetaBytes = 64 * 1024;

/** Looks for labels in what a commit says of its directories: one that has any has them everywhere. */
function labelsOfCommit() {
  let found: boolean | undefined;
  return {
    async watch(entry: TarEntry): Promise<void> {
      if (found === true || entry.type !== 'file' || entry.size > maximumDirmetaBytes || !dirmeta.test(entry.path))
        return;
      found = (await entry.bytes(maximumDirmetaBytes)).includes('security.selinux\0');
    },
    isLabelled: () => found,
  };
}

function* walk(start: Node | undefined, path: string): Generator<readonly [string, FileInfo], void, void> {
  // A stack rather than recursion: a hostile tree may be deep.
  const left = start === undefined ? [] : [{ path, node: start }];
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (next.path !== path) yield [next.path, next.node.info];
    const names = sortByBytes(next.node.children.keys()).reverse();
    for (const name of names) {
      const node = next.node.children.get(name);
      if (node !== undefined) left.push({ path: `${next.path}/${name}`, node });
    }
  }
}

function textPaths(root: Node): string[] {
  const listed = textDirectories.flatMap(([directory, ending]) => {
    const names = [...(nodeAt(root, partsOf(directory))?.children.keys() ?? [])];
    return names.filter((name) => name.endsWith(ending)).map((name) => `${directory}/${name}`);
  });
  return [...textFiles, ...moreTextFiles, ...selinuxConfigs, ...sortByBytes(listed)].slice(0, maximumTexts);
}

async function readTexts(layers: readonly LayerStream[], root: Node): Promise<ReadonlyMap<string, string>> {
  const wanted = new Map<number, Map<string, string[]>>();
  for (const path of textPaths(root)) {
    const { content, info } = nodeAt(root, partsOf(path)) ?? {};
    if (content === undefined || info === undefined || info.size > maximumTextBytes) continue;
    const inLayer = wanted.get(content.layer) ?? new Map<string, string[]>();
    inLayer.set(content.path, [...(inLayer.get(content.path) ?? []), path]);
    wanted.set(content.layer, inLayer);
  }
  const texts = new Map<string, string>();
  for (const [layer, paths] of wanted) {
    const stream = layers[layer];
    if (stream === undefined) continue;
    for await (const entry of readTar(stream())) {
      const names = entry.type === 'file' && entry.size <= maximumTextBytes ? paths.get(entry.path) : undefined;
      if (names === undefined) continue;
      const text = (await entry.bytes(maximumTextBytes)).toString();
      for (const name of names) texts.set(name, text);
    }
  }
  return texts;
}
