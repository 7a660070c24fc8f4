import { type FileHandle, open, rm } from 'node:fs/promises';
import { type Digest, digestHex } from '../../lib/digest.ts';
import { commitRename, temporaryName } from '../../lib/files.ts';
import { compareBytes } from '../../lib/order.ts';
import type { TarEntryType } from '../../lib/tar/types.ts';
import { encodeEntry, endOfArchive, padding } from '../../lib/tar/writer.ts';
import { type IndexDocument, indexText } from '../layout/index-document.ts';
import { layoutFileText } from '../layout/index-file.ts';

/** Everything that goes into an archive. */
export interface ArchiveInput {
  index: IndexDocument;
  /** Each blob's length in bytes. */
  blobs: ReadonlyMap<Digest, number>;
  /** A blob's bytes, verified. */
  readBlob: (digest: Digest, size: number) => AsyncIterable<Buffer>;
}

/**
 * Writes an archive of an OCI layout, and replaces what is there once it is complete and durable. The
 * same content gives the same bytes: names are sorted, but that `oci-layout` is first, so that whoever reads the stream
 * knows what it is.
 */
export async function writeArchive(file: string, { index, blobs, readBlob }: ArchiveInput): Promise<void> {
  const temporary = temporaryName(file);
  try {
    {
      await using handle = await open(temporary, 'wx', 0o644);
      await writeSmallFile(handle, 'oci-layout', layoutFileText);
      await handle.writeFile(header('directory', 'blobs/', 0));
      await handle.writeFile(header('directory', 'blobs/sha256/', 0));
      for (const [digest, size] of [...blobs].sort(([a], [b]) => compareBytes(a, b))) {
        await handle.writeFile(header('file', `blobs/sha256/${digestHex(digest)}`, size));
        for await (const chunk of readBlob(digest, size)) await handle.writeFile(chunk);
        await handle.writeFile(padding(size));
      }
      await writeSmallFile(handle, 'index.json', indexText(index));
      await handle.writeFile(endOfArchive);
    }
    await commitRename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeSmallFile(handle: FileHandle, path: string, text: string): Promise<void> {
  const content = Buffer.from(text);
  await handle.writeFile(Buffer.concat([header('file', path, content.length), content, padding(content.length)]));
}

function header(type: TarEntryType, path: string, size: number): Buffer {
  const mode = type === 'directory' ? 0o755 : 0o644;
  return encodeEntry({ type, path, linkTarget: '', mode, uid: 0, gid: 0, size, mtime: 0, xattrs: [] });
}
