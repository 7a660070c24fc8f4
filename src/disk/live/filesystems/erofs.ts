// https://docs.kernel.org/filesystems/erofs.html, https://erofs.docs.kernel.org/en/latest/ondisk/
import { usageError } from '../../../lib/errors.ts';
import type { ImageSink } from '../../formats/format.ts';
import { contentCompressor } from './compressed-content.ts';
import { directoryTree } from './directories.ts';
import { blockBytes, type StoredFile } from './erofs/cluster-index.ts';
import { erofsOptions, erofsParameters } from './erofs/options.ts';
import { storedContent } from './erofs/stored-content.ts';
import { superblock } from './erofs/superblock.ts';
import { erofsTables } from './erofs/tables.ts';
import type { LiveFilesystem, LiveFilesystemRequest } from './live-filesystem.ts';

/** Bytes of one content: an index of its blocks is kept in memory. */
const maximumContent = 2 ** 35;

/**
 * EROFS, written by us, and compressed with zstd, which Linux 6.10 and later read. Contents are compressed in pieces of one
 * size, and each takes whole blocks; a piece that saves none is stored. All holes are one compressed piece of zeros, but
 * eight bytes for each 4096 are in the index, of holes, too. The first block has the superblock; inodes follow the contents.
 */
export const erofs: LiveFilesystem = {
  name: 'erofs',
  fileName: 'root.erofs',
  smallestOptions: '-zzstd,level=19 -C1048576',
  parameters: erofsParameters,
  write,
};

async function write(request: LiveFilesystemRequest, sink: ImageSink): Promise<number> {
  const { files, timestamp, threads, signal } = request;
  const { compression, pieceBytes } = erofsOptions(request);
  for (const { path, content } of files) {
    if (content.size > maximumContent) {
      const message = `${path} has ${content.size} bytes, and files in erofs can have ${maximumContent} here`;
      throw usageError('FILESYSTEM_TOO_LARGE', message);
    }
  }
  const compressor = contentCompressor({
    form: { blockBytes: pieceBytes, unitBytes: blockBytes, compression },
    threads,
    signal,
  });
  const writeFirstBlock = await sink.reserve(blockBytes);
  let blocks = 1;

  /** Appends bytes in blocks of their own. @returns the first one's number */
  async function append(bytes: Uint8Array, padding: 'before' | 'behind'): Promise<number> {
    const first = blocks;
    const rest = Buffer.alloc((blockBytes - (bytes.length % blockBytes)) % blockBytes);
    for (const part of padding === 'before' ? [rest, bytes] : [bytes, rest]) await sink.append(part);
    blocks += (bytes.length + rest.length) / blockBytes;
    return first;
  }

  const store = storedContent(append, pieceBytes);
  const stored: StoredFile[] = [];
  for (const { path, content } of files) {
    stored.push({ path, size: content.size, ...(await store(content.size, compressor.blocks(content))) });
  }
  const tables = erofsTables(directoryTree(stored), { timestamp, block: blocks });
  for (const piece of tables.pieces) await sink.append(piece);
  blocks = tables.end;
  await writeFirstBlock(superblock({ ...tables, timestamp, pieceBytes }));
  return blocks * blockBytes;
}
