// https://erofs.docs.kernel.org/en/latest/ondisk/core_ondisk.html, "Directories"
import { compareBytes } from '../../../../lib/order.ts';
import { blockBytes } from './cluster-index.ts';

/** What a directory says of something in it. */
export interface DirectoryEntry {
  name: string;
  /** Number of its inode. */
  inode: number;
  kind: 'file' | 'directory';
}

const entryBytes = 12;
const kinds = { file: 1, directory: 2 };

/**
 * A directory's content: blocks of entries and, behind them, names, in the order of the names' bytes.
 * @param entries with `.` and `..`
 * @returns with the last block cut off where its names end
 */
export function directoryBlocks(entries: readonly DirectoryEntry[]): Buffer {
  const sorted = [...entries].sort((a, b) => compareBytes(a.name, b.name));
  const blocks: Buffer[] = [];
  let begun: DirectoryEntry[] = [];
  let room = blockBytes;
  for (const entry of sorted) {
    const needed = entryBytes + Buffer.byteLength(entry.name);
    if (needed > room) {
      blocks.push(Buffer.concat([oneBlock(begun)], blockBytes));
      begun = [];
      room = blockBytes;
    }
    begun.push(entry);
    room -= needed;
  }
  return Buffer.concat([...blocks, oneBlock(begun)]);
}

function oneBlock(entries: readonly DirectoryEntry[]): Buffer {
  const table = Buffer.alloc(entryBytes * entries.length);
  let end = table.length;
  for (const [index, { name, inode, kind }] of entries.entries()) {
    const at = table.writeBigUInt64LE(BigInt(inode), index * entryBytes);
    table.writeUInt8(kinds[kind], table.writeUInt16LE(end, at));
    end += Buffer.byteLength(name);
  }
  return Buffer.concat([table, ...entries.map(({ name }) => Buffer.from(name))]);
}
