import type { VolumeTree } from './descriptors.ts';
import { type DirectoryWriting, encodeDirectory, type IsoPlace, type IsoPlaces } from './directory.ts';
import { sectorBytes, sectorsFor } from './numbers.ts';
import { pathTables } from './path-table.ts';
import { allDirectories, type IsoDirectoryNode } from './tree.ts';

/** One of an ISO's trees, all but what its files' places are. */
export interface PlannedTree {
  /** @param fileAt where a file lies, by its index */
  encode(fileAt: (index: number) => IsoPlace): { tree: VolumeTree; parts: readonly IsoPart[] };
}

/** Bytes with a place. */
interface IsoPart {
  sector: number;
  part: Buffer;
}

const nowhere: IsoPlace = { sector: 0, size: 0 };

/**
 * Lays out a tree's path tables and directories.
 * @param take gives so many sectors, the first of which it returns
 */
export function planTree(
  root: IsoDirectoryNode,
  writing: DirectoryWriting,
  take: (sectors: number) => number,
): PlannedTree {
  const { naming } = writing;
  const unplaced: IsoPlaces = { directory: () => nowhere, file: () => nowhere };
  const pathTableSize = pathTables(root, naming, unplaced).little.length;
  const littlePathTable = take(sectorsFor(pathTableSize));
  const bigPathTable = take(sectorsFor(pathTableSize));
  const directories = allDirectories(root);
  const places = new Map<IsoDirectoryNode, IsoPlace>();
  for (const directory of directories) {
    const { records, continued } = encodeDirectory(directory, unplaced, writing);
    places.set(directory, { sector: take((records.length + continued.length) / sectorBytes), size: records.length });
  }
  const directoryAt = (node: IsoDirectoryNode) => places.get(node) as IsoPlace;

  return {
    encode(fileAt) {
      const placed: IsoPlaces = { directory: directoryAt, file: ({ index }) => fileAt(index) };
      const tables = pathTables(root, naming, placed);
      const parts = directories.map((directory): IsoPart => {
        const { records, continued } = encodeDirectory(directory, placed, writing);
        return { sector: directoryAt(directory).sector, part: Buffer.concat([records, continued]) };
      });
      return {
        tree: { root: directoryAt(root), pathTableSize, littlePathTable, bigPathTable },
        parts: [{ sector: littlePathTable, part: tables.little }, { sector: bigPathTable, part: tables.big }, ...parts],
      };
    },
  };
}
