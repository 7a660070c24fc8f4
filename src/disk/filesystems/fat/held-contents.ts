import { CosaError } from '../../../lib/errors.ts';
import { mebibyte } from '../../partitions/region.ts';
import type { ContentWriter } from '../filesystem.ts';
import type { FileNode, StoredContent } from '../tree.ts';

/** Boot loaders have a few MiB. More than this is held by no firmware's partition, and would fill our memory. */
const mostHeldBytes = 512 * mebibyte;

/** Contents that wait for the allocation table's size, which decides where they go. */
export interface HeldContents {
  create(size: number): ContentWriter;
  /** Content that lies in its place already. */
  reserve(size: number): StoredContent;
  /** @returns undefined for content that is not to be written */
  bytesOf(content: FileNode['content']): Buffer | undefined;
}

/**
 * Holds contents in memory.
 * @param label of the filesystem, for errors
 */
export function holdContents(label: string): HeldContents {
  const held = new Map<StoredContent, Buffer>();
  let total = 0;
  return {
    create(size) {
      total += size;
      if (total > mostHeldBytes) {
        const most = `${mostHeldBytes / mebibyte} MiB`;
        throw new CosaError('FILESYSTEM_FULL', `the ${label} filesystem gets more than the ${most} that it can hold`);
      }
      const bytes = Buffer.alloc(size);
      let length = 0;
      return {
        write(chunk) {
          if (length + chunk.length > size) throw new RangeError(`more than ${size} bytes came`);
          bytes.set(chunk, length);
          length += chunk.length;
        },
        close() {
          if (length !== size) throw new RangeError(`${length} of ${size} bytes came`);
          const content = { size };
          held.set(content, bytes);
          return content;
        },
      };
    },
    reserve: (size) => ({ size }),
    bytesOf: (content) => (Buffer.isBuffer(content) ? content : held.get(content)),
  };
}

/** Bytes. */
export function contentSize(content: FileNode['content']): number {
  return Buffer.isBuffer(content) ? content.length : content.size;
}
