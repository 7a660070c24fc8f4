import { crc32c } from '../../../lib/crc32c.ts';
import type { Checksums } from './checksums.ts';

/** Inodes that may share a block: the kernel's bound. */
const maximumReferences = 1024;

const referencesOffset = 4;
const checksumOffset = 16;

/** Blocks of extended attributes, which inodes with the same ones share. */
export interface XattrBlocks {
  /** @returns the number of the block for one more inode */
  place(content: Buffer): number;
  /** Calls back for each block, in the order of their places. */
  finish(write: (block: number, bytes: Buffer) => void): void;
}

interface SharedBlock {
  block: number;
  content: Buffer;
  references: number;
}

/** @param takeBlock gives a place for one more block */
export function xattrBlocks(takeBlock: () => number, checksums: Checksums): XattrBlocks {
  const byContent = new Map<string, SharedBlock>();
  const all: SharedBlock[] = [];
  return {
    place(content) {
      const key = content.toString('latin1');
      let shared = byContent.get(key);
      if (shared === undefined || shared.references === maximumReferences) {
        shared = { block: takeBlock(), content, references: 0 };
        byContent.set(key, shared);
        all.push(shared);
      }
      shared.references++;
      return shared.block;
    },
    finish(write) {
      for (const { block, content, references } of all) {
        content.writeUInt32LE(references, referencesOffset);
        content.writeUInt32LE(crc32c(checksums.ofBlock(block), content), checksumOffset);
        write(block, content);
      }
    },
  };
}
