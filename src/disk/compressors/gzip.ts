import { combineCrc32 } from '../../lib/checksums.ts';
import { deflateZeros, maximumZeros } from '../../lib/compress/deflate.ts';
import { streamHeader, streamTrailer } from '../../lib/compress/stream-format.ts';
import { turns } from '../../lib/parallel/turns.ts';
import { deflateParameters } from '../formats/deflate-parameters.ts';
import type { ImageSink } from '../formats/format.ts';
import { gatheringSink } from '../image-file/gathering-sink.ts';
import { type Grain, grainBytes } from '../image-threads/grains.ts';
import { type CompressingSink, type CompressionRequest, type Compressor, refuseReserve } from './compressor.ts';

/** What a thread compresses at once. */
const bufferBytes = 16 * grainBytes;
/** Buffers besides those that all threads work on. */
const spareBuffers = 3;

/** One member of gzip, compressed by us on all processors. */
export const gzip: Compressor = {
  name: 'gzip',
  extension: 'gz',
  parameters: async () => deflateParameters,
  tools: [],
  open: gzipSink,
};

/**
 * Compresses into one member of gzip. Contents of a disk are compressed in grains of 64 KiB, from the position that they
 * are asked from: the same ones in any image of the disk.
 * @param output gets the compressed bytes; is not finished
 */
function gzipSink(output: ImageSink, { threads, signal, hash }: CompressionRequest): CompressingSink {
  let checksum = 0;
  let size = 0;
  // What is compressed is output in the order of the calls.
  const inTurn = turns();
  const begun = inTurn.run(() => output.append(streamHeader('gzip')));

  function count(crc32: number, bytes: number): void {
    checksum = combineCrc32(checksum, crc32, bytes);
    size += bytes;
  }

  const gathered = gatheringSink(
    {
      bufferBytes,
      bufferCount: threads.size + spareBuffers,
      minimumZeros: grainBytes,
      keepsDiskApart: true,
      async pass(bytes) {
        const compressing = threads.deflate(bytes);
        // Awaited in its turn; until then a failure must not count as unhandled.
        compressing.catch(() => undefined);
        const appended = inTurn.run(async () => {
          for (const grain of await compressing) {
            await output.append(grain.fragment);
            count(grain.crc32, grain.size);
          }
        });
        await Promise.all([appended, hash?.update(bytes)]);
      },
      async passZeros(total) {
        const appended = inTurn.run(async () => {
          for (let left = total; left > 0; left -= maximumZeros) {
            const { fragment, crc32, size: bytes } = zeroGrain(Math.min(left, maximumZeros));
            await output.append(fragment);
            count(crc32, bytes);
          }
        });
        await Promise.all([appended, hash?.updateZeros(total, signal)]);
      },
    },
    signal,
  );

  return {
    ...gathered,
    reserve: refuseReserve,
    async end() {
      await gathered.settle();
      await begun;
      await output.append(streamTrailer('gzip', { crc32: checksum, size }));
      return size;
    },
    [Symbol.dispose]: () => undefined,
  };
}

let mostZeros: ZeroGrain | undefined;

type ZeroGrain = Omit<Grain, 'adler32'>;

function zeroGrain(size: number): ZeroGrain {
  if (size === mostZeros?.size) return mostZeros;
  const output = new Uint8Array(Math.ceil(size / 512) + 64);
  const grain = { fragment: output.slice(0, deflateZeros(size, output)), crc32: zeroCrc32(size), size };
  if (size === maximumZeros) mostZeros = grain;
  return grain;
}

/** The CRC-32 of one zero byte. */
const zeroByte = 0xd202ef8d;

/** That of many is put together by halves. */
function zeroCrc32(count: number): number {
  if (count === 1) return zeroByte;
  const half = Math.floor(count / 2);
  const crc32 = zeroCrc32(half);
  const both = combineCrc32(crc32, crc32, half);
  return count % 2 === 0 ? both : combineCrc32(both, zeroByte, 1);
}
