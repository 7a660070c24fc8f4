import { turns } from '../../lib/parallel/turns.ts';
import type { ImageSink } from '../formats/format.ts';
import { gatheringSink } from '../image-file/gathering-sink.ts';
import { type CompressingSink, type CompressionRequest, type Compressor, refuseReserve } from './compressor.ts';

/**
 * Measured on a system's disk: 30 MiB a second and processor; level 3 is three times faster to 2.5 percent more, level 12
 * three times slower to 1.3 percent less.
 */
const level = 6;
/** What is compressed on its own, into a frame. */
const frameBytes = 4 << 20;
/** Buffers besides those that all threads work on. */
const spareBuffers = 2;

/** Frames of 4 MiB, which every reader of zstd joins (RFC 8878, 3.1), compressed on all processors. */
export const zstd: Compressor = {
  name: 'zstd',
  extension: 'zst',
  // A test compares the version with package.json.
  parameters: async () => `@bokuweb/zstd-wasm 0.0.27 -${level} ${frameBytes}`,
  tools: [],
  open,
};

function open(output: ImageSink, { threads, signal, hash }: CompressionRequest): CompressingSink {
  const inTurn = turns();
  let size = 0;

  const gathered = gatheringSink(
    {
      bufferBytes: frameBytes,
      bufferCount: threads.size + spareBuffers,
      minimumZeros: frameBytes,
      keepsDiskApart: false,
      async pass(bytes) {
        size += bytes.length;
        const frame = threads.zstd(bytes, level);
        // Awaited in its turn; until then a failure must not count as unhandled.
        frame.catch(() => undefined);
        await Promise.all([inTurn.run(async () => output.append(await frame)), hash?.update(bytes)]);
      },
      async passZeros(count) {
        size += count;
        const zeros = new Uint8Array(new SharedArrayBuffer(frameBytes));
        const whole = threads.zstd(zeros, level);
        whole.catch(() => undefined);
        const hashed = hash?.updateZeros(count, signal);
        const appended = inTurn.run(async () => {
          for (let left = count; left > 0; left -= frameBytes) {
            await output.append(await (left >= frameBytes ? whole : threads.zstd(zeros.subarray(0, left), level)));
          }
        });
        await Promise.all([appended, hashed]);
      },
    },
    signal,
  );

  return {
    ...gathered,
    reserve: refuseReserve,
    async end() {
      await gathered.settle();
      // A file without any frame is no zstd.
      if (size === 0) await output.append(await threads.zstd(new Uint8Array(new SharedArrayBuffer(0)), level));
      return size;
    },
    [Symbol.dispose]: () => undefined,
  };
}
