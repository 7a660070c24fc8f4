import type { Digest } from '../lib/digest.ts';
import { derivedUuid } from '../lib/uuid.ts';
import type { FilesystemRequest } from './filesystems/filesystem.ts';
import { type DiskOutput, outputAt } from './output.ts';
import type { PlannedDisk } from './partitions.ts';

/** A disk that gets filesystems. */
export interface DiskWithFilesystems {
  /** Identifiers derive from it. */
  container: Digest;
  /** Seconds since the epoch. */
  timestamp: number;
  plan: PlannedDisk;
  /** Of the whole disk. */
  output: DiskOutput;
  /** A directory of ours for temporary files. */
  scratch: string;
  signal: AbortSignal;
}

/**
 * The request for a filesystem that fills a partition; it is labelled by the partition's name.
 * @param options and the key that they come from; none unless given
 */
export function filesystemOn(
  disk: DiskWithFilesystems,
  partition: string,
  { options, optionsKey }: Pick<FilesystemRequest, 'options' | 'optionsKey'> = { options: '', optionsKey: '' },
): FilesystemRequest {
  const { container, timestamp, plan, output, scratch, signal } = disk;
  const { offset, firstSector } = plan.partition(partition);
  return {
    output: outputAt(output, offset),
    label: partition,
    uuid: derivedUuid(container, `filesystem ${partition}`),
    timestamp,
    sectorSize: plan.sectorSize,
    hiddenSectors: firstSector,
    options,
    optionsKey,
    scratch,
    signal,
  };
}
