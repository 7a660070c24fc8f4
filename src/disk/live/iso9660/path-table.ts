import type { IsoPlaces } from './directory.ts';
import type { Naming } from './names.ts';
import type { IsoDirectoryNode } from './tree.ts';

/** A path table in both byte orders (ECMA-119, 9.4). */
export interface PathTables {
  little: Buffer;
  big: Buffer;
}

/**
 * The table of all directories: level by level, each level in the order of its parents, and of identifiers within one.
 * @throws RangeError for more directories than a parent's number can say: a caller's mistake
 */
export function pathTables(root: IsoDirectoryNode, naming: Naming, places: IsoPlaces): PathTables {
  const directories = inTableOrder(root, naming);
  if (directories.length > 0xffff) throw new RangeError('more than 65535 directories');
  const numbers = new Map(directories.map(({ node }, index) => [node, index + 1]));
  const encode = (isLittle: boolean) =>
    Buffer.concat(
      directories.map(({ node, identifier }) => {
        const bytes = Buffer.alloc(8 + identifier.length + (identifier.length % 2));
        bytes.writeUInt8(identifier.length, 0);
        const { sector } = places.directory(node);
        const parent = numbers.get(node.parent) as number;
        if (isLittle) {
          bytes.writeUInt32LE(sector, 2);
          bytes.writeUInt16LE(parent, 6);
        } else {
          bytes.writeUInt32BE(sector, 2);
          bytes.writeUInt16BE(parent, 6);
        }
        identifier.copy(bytes, 8);
        return bytes;
      }),
    );
  return { little: encode(true), big: encode(false) };
}

function inTableOrder(root: IsoDirectoryNode, naming: Naming) {
  const ordered: { node: IsoDirectoryNode; identifier: Buffer }[] = [{ node: root, identifier: Buffer.from([0]) }];
  for (const { node } of ordered) {
    const identifiers = naming(node);
    const below = node.directories.map((directory) => ({
      node: directory,
      identifier: identifiers.get(directory) as Buffer,
    }));
    ordered.push(...below.sort((a, b) => Buffer.compare(a.identifier, b.identifier)));
  }
  return ordered;
}
