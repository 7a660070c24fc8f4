import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { publishImage } from '../../../disk/artifacts/kept-image.ts';
import type { TemporaryDirectories } from '../../../disk/artifacts/temporary.ts';
import type { VerifiedFiles } from '../../../disk/artifacts/verified-files.ts';
import type { StoredDiskImage } from '../../../disk/distribution/read.ts';
import { writeSparseFile } from '../../../disk/image-file/sparse-file.ts';
import { recordPath } from '../../../disk/record.ts';
import { digestHex } from '../../../lib/digest.ts';
import { makeDirectory } from '../../../lib/directories.ts';
import { commitRename } from '../../../lib/files.ts';
import { formatBytes } from '../../../lib/format.ts';
import { type BlobCounts, copyBlobs } from '../../../oci/copy/blobs.ts';
import type { ContentReader } from '../../../oci/store.ts';
import type { Descriptor } from '../../../oci/types.ts';
import type { Reporter } from '../../../progress/reporter.ts';

/** A disk image that is to be downloaded, and where to. */
export interface ImageDownload {
  image: StoredDiskImage;
  directory: string;
}

/**
 * Downloads disk images, some files at a time, under temporary names; each image appears with its record, once its bytes
 * were verified and are on the disk. One that is complete stays, whatever becomes of the others.
 * @param temporary on the file system that the images go to
 * @throws CosaError what `ContentReader.readBlob` throws; system errors such as `ENOSPC`
 */
export async function downloadImages(
  reader: ContentReader,
  downloads: readonly ImageDownload[],
  { temporary, verified }: { temporary: TemporaryDirectories; verified: VerifiedFiles },
  reporter: Reporter,
): Promise<BlobCounts> {
  const paths = new Map<Descriptor, string>();
  /** By file: what is to be done when it is complete. */
  const finish = new Map<Descriptor, () => Promise<void>>();
  for (const [number, download] of downloads.entries()) {
    const { files } = download.image;
    const directory = await temporary.make(String(number));
    let left = files.length;
    for (const { name, blob } of files) {
      // Two files may have the same content: each has a descriptor of its own.
      const own = { ...blob };
      paths.set(own, join(directory, name));
      finish.set(own, async () => {
        left--;
        if (left === 0) await publish(download, directory, verified);
      });
    }
  }
  const counts = await copyBlobs(
    {
      from: reader,
      to: {
        async putBlob({ descriptor, open }, { signal = reporter.signal, onBytes } = {}) {
          const path = paths.get(descriptor);
          if (path === undefined) throw new Error(`nobody asked for ${descriptor.digest}`);
          await writeSparseFile(path, counted(open(signal), onBytes));
          await finish.get(descriptor)?.();
          return 'written';
        },
      },
      blobs: [...paths.keys()],
      presentBytes: 0,
      mountSource: undefined,
    },
    reporter,
  );
  reporter.note(formatBytes(counts.bytes));
  return counts;
}

async function* counted(chunks: AsyncIterable<Buffer>, onBytes: ((bytes: number) => void) | undefined) {
  for await (const chunk of chunks) {
    onBytes?.(chunk.length);
    yield chunk;
  }
}

async function publish(
  { image: { files, record }, directory: to }: ImageDownload,
  from: string,
  verified: VerifiedFiles,
): Promise<void> {
  if (record !== undefined) await publishImage(from, to, record.value, record.text);
  else {
    await makeDirectory(to);
    // That of another image, which was there before.
    await rm(recordPath(join(to, files[0]?.name ?? '')), { force: true });
    for (const { name } of files) await commitRename(join(from, name), join(to, name));
  }
  for (const { name, blob } of files) await verified.remember(join(to, name), digestHex(blob.digest));
}
