// https://docs.kernel.org/filesystems/squashfs.html
import { usageError } from '../../../lib/errors.ts';
import type { ImageSink } from '../../formats/format.ts';
import { contentCompressor } from './compressed-content.ts';
import { directoryTree } from './directories.ts';
import type { LiveFilesystem, LiveFilesystemRequest } from './live-filesystem.ts';
import { blockList, type StoredFile } from './squashfs/block-list.ts';
import { compressionIds, squashfsOptions, squashfsParameters } from './squashfs/options.ts';
import { superblock, superblockBytes } from './squashfs/superblock.ts';
import { squashfsTables } from './squashfs/tables.ts';

/** What loop devices and readers want: the whole is a multiple of it. */
const padding = 4096;
/** Bytes of one content: a list of its blocks is kept in memory. */
const maximumContent = 2 ** 40;

/**
 * squashfs, written by us: the superblock, the contents, and then all tables. Contents are compressed block by block, and
 * holes take no room. Ends of files are not packed together, and tables not compressed: of a few large files they are a few
 * pages, which are read quicker as they are.
 */
export const squashfs: LiveFilesystem = {
  name: 'squashfs',
  fileName: 'root.squashfs',
  smallestOptions: '-comp zstd -Xcompression-level 19 -b 1M',
  parameters: squashfsParameters,
  write,
};

async function write(request: LiveFilesystemRequest, sink: ImageSink): Promise<number> {
  const { files, timestamp, threads, signal } = request;
  const { compression, blockBytes } = squashfsOptions(request);
  for (const { path, content } of files) {
    if (content.size > maximumContent) {
      const message = `${path} has ${content.size} bytes, and files in squashfs can have ${maximumContent} here`;
      throw usageError('FILESYSTEM_TOO_LARGE', message);
    }
  }
  const compressor = contentCompressor({ form: { blockBytes, unitBytes: 1, compression }, threads, signal });
  const writeSuperblock = await sink.reserve(superblockBytes);
  let end = superblockBytes;

  async function store({ path, content }: LiveFilesystemRequest['files'][number]): Promise<StoredFile> {
    const begin = end;
    const list = blockList(content.size, blockBytes);
    for await (const { index, kind, bytes } of compressor.blocks(content)) {
      if (kind === 'zeros') continue;
      list.set(index, kind, bytes.length);
      await sink.append(bytes);
      end += bytes.length;
    }
    return { path, size: content.size, begin, ...list.finish() };
  }

  const stored: StoredFile[] = [];
  for (const file of files) stored.push(await store(file));
  const tables = squashfsTables(directoryTree(stored), { timestamp, at: end });
  await sink.append(tables.bytes);
  end += tables.bytes.length;
  await writeSuperblock(
    superblock({ ...tables.places, timestamp, blockBytes, compressor: compressionIds[compression.kind], end }),
  );
  const rest = (padding - (end % padding)) % padding;
  await sink.append(Buffer.alloc(rest));
  return end + rest;
}
