import type { DiskOutput } from '../output.ts';
import type { SectorSize } from '../partitions/gpt.ts';
import { mebibyte } from '../partitions/region.ts';
import { allocationTable } from './fat/allocation-table.ts';
import { reservedArea, type VolumeIdentity } from './fat/boot-sector.ts';
import { collectDirectories, type FatChild, type FatDirectory } from './fat/collect.ts';
import { attribute, encodeDirectory, type FatEntry } from './fat/directory.ts';
import { chooseGeometry, clusterSize, entrySize, type FatGeometry, places } from './fat/geometry.ts';
import { contentSize, holdContents } from './fat/held-contents.ts';
import type { Filesystem, FilesystemRequest, FilesystemWriter, PlacedStretch } from './filesystem.ts';
import { filesystemFull } from './full.ts';
import { parseOptions } from './options.ts';
import type { FileNode, StoredContent } from './tree.ts';

/**
 * FAT32 and FAT16, as Microsoft's FAT specification 1.03 has them, with long names. Owners, modes and extended attributes
 * of a tree get lost, and a hard link becomes a copy. Contents are held in memory until the end.
 */
export const fat: Filesystem = {
  name: 'vfat',
  tools: [],
  begin(request) {
    return Promise.resolve().then(() => {
      parseOptions('vfat', request, new Map());
      return fatWriter(request);
    });
  },
};

function fatWriter(request: FilesystemRequest): FilesystemWriter {
  const { label, output, sectorSize, signal } = request;
  const identity = identityOf(request);
  const contents = holdContents(label);
  const placed = new Map<StoredContent, readonly PlacedStretch[]>();
  return {
    create: contents.create,
    reserve: contents.reserve,
    finish(root, wishedSize) {
      return Promise.resolve().then(() => {
        signal.throwIfAborted();
        const directories = collectDirectories(root, label);
        const size = wishedSize ?? leastSize(directories, sectorSize);
        const geometry = geometryFor(directories, size, sectorSize);
        if (geometry === undefined) throw filesystemFull(label, size, leastSize(directories, sectorSize));
        const plan = allocate(directories, geometry);
        writeTables(output, geometry, plan, identity);
        for (const directory of directories) {
          const at = plan.position(directory);
          output.write(at, encodeDirectory(entriesOf(directory, plan, identity, request.timestamp)));
        }
        for (const file of plan.files) {
          const { content } = file.node;
          const offset = plan.position(file);
          const bytes = contents.bytesOf(content);
          if (bytes !== undefined && bytes.length > 0) output.write(offset, bytes);
          if (Buffer.isBuffer(content) || content.size === 0) continue;
          placed.set(content, [{ from: 0, offset, length: content.size }]);
        }
        return size;
      });
    },
    placeOf: (content) => placed.get(content) ?? [],
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function identityOf({ label, uuid, hiddenSectors }: FilesystemRequest): VolumeIdentity {
  if (!/^[A-Z0-9_-][A-Z0-9 _-]{0,10}$/.test(label)) throw new RangeError(`${label} is no label of a FAT filesystem`);
  return { id: Number.parseInt(uuid.slice(0, 8), 16), label: label.padEnd(11), hiddenSectors };
}

/** A file under one of its names. */
interface PlacedFile {
  node: FileNode;
}

interface Plan {
  files: readonly PlacedFile[];
  /** Clusters of each directory and file, in the order in which they lie. */
  chains: readonly number[];
  /** The first cluster; 0 for what has none. */
  cluster(what: FatDirectory | PlacedFile): number;
  /** Bytes from the beginning of the filesystem. */
  position(what: FatDirectory | PlacedFile): number;
  file(child: FatChild): PlacedFile;
}

/** Directories come first, then the contents of files, all in the order of their names. */
function allocate(directories: readonly FatDirectory[], geometry: FatGeometry): Plan {
  const { cluster: clusterPlace, root } = places(geometry);
  const fileOf = new Map<FatChild, PlacedFile>();
  for (const { children } of directories) {
    for (const child of children) if ('file' in child) fileOf.set(child, { node: child.file });
  }
  const files = [...fileOf.values()];
  const first = new Map<FatDirectory | PlacedFile, number>();
  const chains: number[] = [];
  let next = 2;
  function place(what: FatDirectory | PlacedFile, bytes: number): void {
    const count = Math.ceil(bytes / clusterSize(geometry));
    if (count === 0) return;
    first.set(what, next);
    chains.push(count);
    next += count;
  }
  for (const [index, directory] of directories.entries()) {
    if (index > 0 || geometry.bits === 32) place(directory, directory.bytes);
  }
  for (const file of files) place(file, contentSize(file.node.content));
  return {
    files,
    chains,
    cluster: (what) => first.get(what) ?? 0,
    position(what) {
      const cluster = first.get(what);
      return cluster === undefined ? root : clusterPlace(cluster);
    },
    file: (child) => fileOf.get(child) as PlacedFile,
  };
}

/** @returns undefined if the tree does not fit, or no FAT can have the size */
function geometryFor(
  directories: readonly FatDirectory[],
  size: number,
  sectorSize: SectorSize,
): FatGeometry | undefined {
  const [root] = directories as [FatDirectory];
  const geometry = chooseGeometry(size, sectorSize, root.bytes / entrySize);
  return geometry !== undefined && clustersFor(directories, geometry) <= geometry.clusterCount ? geometry : undefined;
}

function clustersFor(directories: readonly FatDirectory[], geometry: FatGeometry): number {
  const count = (bytes: number) => Math.ceil(bytes / clusterSize(geometry));
  let clusters = geometry.bits === 32 ? 0 : -count((directories[0] as FatDirectory).bytes);
  for (const { bytes, children } of directories) {
    clusters += count(bytes);
    for (const child of children) if ('file' in child) clusters += count(contentSize(child.file.content));
  }
  return clusters;
}

/** The least that holds a tree: a multiple of 1 MiB. */
function leastSize(directories: readonly FatDirectory[], sectorSize: SectorSize): number {
  let content = 0;
  for (const { bytes, children } of directories) {
    content += bytes;
    for (const child of children) if ('file' in child) content += contentSize(child.file.content);
  }
  let size = Math.max(1, Math.floor(content / mebibyte)) * mebibyte;
  while (geometryFor(directories, size, sectorSize) === undefined) size += mebibyte;
  return size;
}

function writeTables(output: DiskOutput, geometry: FatGeometry, plan: Plan, identity: VolumeIdentity): void {
  const used = plan.chains.reduce((sum, count) => sum + count, 0);
  const free = { freeClusters: geometry.clusterCount - used, nextFree: used + 2 };
  output.write(0, reservedArea(geometry, identity, free));
  const table = allocationTable(geometry.bits, plan.chains);
  for (const at of places(geometry).tables) output.write(at, table);
}

function entriesOf(directory: FatDirectory, plan: Plan, identity: VolumeIdentity, created: number): FatEntry[] {
  const { node, parent, children } = directory;
  const isRoot = parent === directory;
  const ofDirectory = (short: string, cluster: number, modified: number): FatEntry => ({
    name: { short: short.padEnd(11) },
    attributes: attribute.directory,
    cluster,
    size: 0,
    modified,
    created,
  });
  const label = { ...ofDirectory(identity.label, 0, created), attributes: attribute.volume };
  // The root directory is cluster 0 for those in it, wherever it lies.
  const parentCluster = parent.parent === parent ? 0 : plan.cluster(parent);
  const links = [
    ofDirectory('.', plan.cluster(directory), node.mtime),
    ofDirectory('..', parentCluster, parent.node.mtime),
  ];
  const entries = children.map((child): FatEntry => {
    if ('directory' in child) {
      const entry = ofDirectory('', plan.cluster(child.directory), child.directory.node.mtime);
      return { ...entry, name: child.name };
    }
    const size = contentSize(child.file.content);
    const cluster = plan.cluster(plan.file(child));
    return { name: child.name, attributes: attribute.archive, cluster, size, modified: child.file.mtime, created };
  });
  return [...(isRoot ? [label] : links), ...entries];
}
