import { filesystemFull } from '../filesystems/full.ts';
import type { DiskOutput } from '../output.ts';

/**
 * An output that takes nothing beyond a partition: of a filesystem that will be finished later, contents alone are written
 * now, and too many of them would lie in the next partition.
 * @param label of the filesystem, for the error
 * @param size bytes of the partition
 * @returns an output that throws CosaError `FILESYSTEM_FULL`
 */
export function boundedOutput(output: DiskOutput, label: string, size: number): DiskOutput {
  return {
    write(position, bytes) {
      if (position + bytes.length > size) throw filesystemFull(label, size);
      output.write(position, bytes);
    },
  };
}
