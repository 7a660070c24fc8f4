import type { Directory } from '../directories.ts';
import type { StoredFile } from './block-list.ts';
import { directoryInode, fileInode, inodeTypes } from './inodes.ts';
import { type ListingEntry, listing } from './listing.ts';
import { metadataBlocks, metadataPlace } from './metadata.ts';
import type { TablePlaces } from './superblock.ts';

/** The one user and group there is. */
const root = 0;

/** A table that grows. */
function growing() {
  const pieces: Buffer[] = [];
  let size = 0;
  return {
    add(piece: Buffer) {
      const place = metadataPlace(size);
      pieces.push(piece);
      size += piece.length;
      return place;
    },
    blocks: () => metadataBlocks(Buffer.concat(pieces)),
  };
}

/**
 * Makes all tables: inodes, directories, and the list of users and groups.
 * @param at where they will lie, and seconds since the epoch
 */
export function squashfsTables(
  tree: Directory<StoredFile>,
  { timestamp, at }: { timestamp: number; at: number },
): { bytes: Buffer; places: TablePlaces } {
  const inodes = growing();
  const listings = growing();
  const numbers = inodeNumbers(tree);

  function addFile(file: StoredFile): ListingEntry['inode'] {
    const number = numbers.get(file) as number;
    return { number, place: inodes.add(fileInode({ number, timestamp }, file)) };
  }

  /** Its inode follows those of all that is in it, for its listing says where they lie. */
  function addDirectory(directory: Directory<StoredFile>, parent: number): ListingEntry['inode'] {
    const number = numbers.get(directory) as number;
    const entries = directory.entries.map(({ name, node }): ListingEntry => {
      return node.kind === 'file'
        ? { name, type: inodeTypes.file, inode: addFile(node.file) }
        : { name, type: inodeTypes.directory, inode: addDirectory(node, number) };
    });
    const bytes = listing(entries);
    const subdirectories = directory.entries.filter(({ node }) => node.kind === 'directory').length;
    const place = { ...listings.add(bytes), bytes: bytes.length };
    return { number, place: inodes.add(directoryInode({ number, timestamp, parent, subdirectories, listing: place })) };
  }

  const top = addDirectory(tree, numbers.size + 1);
  const inodeTable = inodes.blocks();
  const directoryTable = listings.blocks();
  const users = Buffer.alloc(4);
  users.writeUInt32LE(root);
  const userBlocks = metadataBlocks(users);
  const fragments = at + inodeTable.length + directoryTable.length;
  const userList = Buffer.alloc(8);
  userList.writeBigUInt64LE(BigInt(fragments));
  return {
    bytes: Buffer.concat([inodeTable, directoryTable, userBlocks, userList]),
    places: {
      inodeCount: numbers.size,
      rootInode: (BigInt(top.place.block) << 16n) | BigInt(top.place.offset),
      inodes: at,
      directories: at + inodeTable.length,
      fragments,
      ids: fragments + userBlocks.length,
    },
  };
}

/** Numbers from 1 on, of files and directories. */
function inodeNumbers(tree: Directory<StoredFile>): Map<Directory<StoredFile> | StoredFile, number> {
  const numbers = new Map<Directory<StoredFile> | StoredFile, number>();
  const number = (directory: Directory<StoredFile>): void => {
    numbers.set(directory, numbers.size + 1);
    for (const { node } of directory.entries) {
      if (node.kind === 'file') numbers.set(node.file, numbers.size + 1);
      else number(node);
    }
  };
  number(tree);
  return numbers;
}
