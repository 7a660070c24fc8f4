import { turns } from '../../lib/parallel/turns.ts';
import { refuseReserve } from '../compressors/compressor.ts';
import type { ImageSink } from '../formats/format.ts';
import type { WrittenFile } from '../image-file/file-sink.ts';
import { gatheringSink } from '../image-file/gathering-sink.ts';
import type { ImageThreads } from '../image-threads.ts';

const bufferBytes = 1 << 20;
const bufferCount = 4;

/** A part of an image whose size and sum are wanted. */
interface MeasuredSink extends ImageSink, Disposable {
  /** Settles when all is passed on. @throws as `ImageSink` */
  end(): Promise<WrittenFile>;
}

/**
 * Passes a member of an archive on to the archive, and measures it.
 * @param output is not finished. Nothing else is given to it until the member has ended
 */
export function measuredSink(output: ImageSink, threads: ImageThreads, signal: AbortSignal): MeasuredSink {
  const hash = threads.hash();
  const inTurn = turns();
  let size = 0;

  const gathered = gatheringSink(
    {
      bufferBytes,
      bufferCount,
      minimumZeros: bufferBytes,
      keepsDiskApart: false,
      async pass(bytes) {
        size += bytes.length;
        await Promise.all([inTurn.run(() => output.append(bytes)), hash.update(bytes)]);
      },
      async passZeros(count) {
        size += count;
        await Promise.all([inTurn.run(() => output.appendZeros(count)), hash.updateZeros(count, signal)]);
      },
    },
    signal,
  );

  return {
    ...gathered,
    reserve: refuseReserve,
    async end() {
      await gathered.settle();
      return { size, sha256: await hash.end() };
    },
    [Symbol.dispose]: () => hash[Symbol.dispose](),
  };
}
