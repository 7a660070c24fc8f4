import type { ImageSink } from '../../../src/disk/formats/format.ts';

/** Keeps what a small image is written of. */
export function memorySink(): ImageSink & { bytes(): Buffer } {
  const parts: Buffer[] = [];
  const push = (bytes: Uint8Array) => {
    parts.push(Buffer.from(bytes));
    return Promise.resolve();
  };
  return {
    append: push,
    appendZeros: (count) => push(Buffer.alloc(count)),
    async appendDisk(disk, position, length) {
      const buffer = Buffer.alloc(length);
      await disk.read(position, buffer);
      await push(buffer);
    },
    reserve: () => Promise.reject(new RangeError('nothing is left out')),
    bytes: () => Buffer.concat(parts),
  };
}
