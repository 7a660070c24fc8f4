import { mapParallel } from '../../lib/parallel.ts';
import type { Reporter } from '../../progress/reporter.ts';
import type { BlobSource, ContentReader, ContentWriter } from '../store.ts';
import type { Descriptor } from '../types.ts';

/** More streams at once fill no link better, and registries begin to answer with 429. */
const transfersAtOnce = 6;

/** What became of the blobs of a copy. */
export interface BlobCounts {
  /** Blobs whose bytes went over. */
  sent: number;
  /** Blobs that the registry took from another of its repositories. */
  mounted: number;
  /** Bytes that went over. */
  bytes: number;
}

export interface BlobCopy {
  from: Pick<ContentReader, 'readBlob'>;
  to: Pick<ContentWriter, 'putBlob'>;
  blobs: readonly Descriptor[];
  /** Bytes of the copy that are there already: they count in the progress. */
  presentBytes: number;
  /** The repository that the blobs are read from, if they come from one. */
  mountSource: BlobSource['mountSource'];
}

/**
 * Stores blobs, some at a time and the largest first, with one progress over the bytes of all. The first that
 * fails stops the others, and nothing runs any more when its error is thrown.
 * @throws what `readBlob` and `putBlob` throw
 */
export async function copyBlobs(copy: BlobCopy, reporter: Reporter): Promise<BlobCounts> {
  const { from, to, presentBytes, mountSource } = copy;
  const total = copy.blobs.reduce((sum, { size }) => sum + size, presentBytes);
  const counts: BlobCounts = { sent: 0, mounted: 0, bytes: 0 };
  let done = presentBytes;
  const report = () => reporter.progress(done, total, 'bytes');

  async function copyBlob(descriptor: Descriptor, signal: AbortSignal): Promise<void> {
    let counted = 0;
    const onBytes = (bytes: number) => {
      counted += bytes;
      done += bytes;
      report();
    };
    const open: BlobSource['open'] = (ended, buffers) => from.readBlob(descriptor, ended, buffers);
    const outcome = await to.putBlob({ descriptor, open, mountSource }, { signal, onBytes });
    // A mounted blob moved no bytes, and is as done as any other.
    onBytes(descriptor.size - counted);
    if (outcome === 'mounted') counts.mounted++;
    else {
      counts.sent++;
      counts.bytes += descriptor.size;
    }
  }

  report();
  const bySize = [...copy.blobs].sort((a, b) => b.size - a.size);
  await mapParallel(bySize, copyBlob, transfersAtOnce, reporter.signal);
  return counts;
}
