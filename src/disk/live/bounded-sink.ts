import type { ImageSink } from '../formats/format.ts';

/**
 * A sink that takes so many bytes: what would become too large is refused where that is seen first, and not when all of it
 * was compressed.
 * @param most bytes
 * @param refusal is thrown by the call that goes beyond them
 */
export function boundedSink(sink: ImageSink, most: number, refusal: () => Error): ImageSink {
  let left = most;
  const take = (count: number) => {
    if (count > left) throw refusal();
    left -= count;
  };
  return {
    async append(bytes) {
      take(bytes.length);
      await sink.append(bytes);
    },
    async appendZeros(count) {
      take(count);
      await sink.appendZeros(count);
    },
    async appendDisk(disk, position, length) {
      take(length);
      await sink.appendDisk(disk, position, length);
    },
    async reserve(size) {
      take(size);
      return sink.reserve(size);
    },
  };
}
