/**
 * Finds in the bytes of a GRUB whether it has the command `blscfg`, by which it reads the entries of the Boot Loader
 * Specification itself. Distributions of one family add it; the modules in a signed GRUB are not compressed.
 */
export interface BlsFinder {
  /** Takes the program's bytes, in order. The chunk is read at once. */
  write(chunk: Uint8Array): void;
  found(): boolean;
}

const command = Buffer.from('blscfg\0');

export function blsFinder(): BlsFinder {
  let carried = Buffer.alloc(0);
  let isFound = false;
  return {
    write(chunk) {
      if (isFound) return;
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      // What lies across the seam, too.
      const seam = Buffer.concat([carried, bytes.subarray(0, command.length)]);
      isFound = bytes.includes(command) || seam.includes(command);
      carried = Buffer.concat([carried, bytes.subarray(-command.length)]).subarray(-command.length);
    },
    found: () => isFound,
  };
}
