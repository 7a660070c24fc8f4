import type { DiskLayout, LayoutPartition } from '../contract/disk-layout.ts';
import type { Digest } from '../lib/digest.ts';
import { derivedUuid } from '../lib/uuid.ts';
import type { Xattr } from '../lib/xattr.ts';
import type { Filesystem } from './filesystems/filesystem.ts';
import type { DirectoryNode } from './filesystems/tree.ts';
import { filesystems } from './filesystems.ts';
import { type DiskOutput, outputAt } from './output.ts';
import type { PlannedDisk } from './partitions.ts';

export interface OwnPartitionsRequest {
  /** The whole disk. */
  output: DiskOutput;
  /** UUIDs of the filesystems derive from it. */
  container: Digest;
  /** Seconds since the epoch. */
  timestamp: number;
  /** What the root directory of a filesystem has that is mounted at a path: its label, where the system has a policy. */
  xattrsOf(path: string): readonly Xattr[];
  /** A directory of ours for temporary files. */
  scratch: string;
  signal: AbortSignal;
}

/** The filesystems that a config's own partitions need. */
export function ownFilesystems(layout: DiskLayout): readonly Filesystem[] {
  return filesystems.filter(({ name }) => layout.partitions.some(({ filesystem }) => filesystem === name));
}

/**
 * Makes the filesystems of a config's own partitions, empty; what Ignition makes one in stays as it is.
 * @param disk as it was planned from the layout
 * @throws CosaError what the filesystems throw; the signal's reason
 */
export async function writeOwnPartitions(
  layout: DiskLayout,
  disk: PlannedDisk,
  request: OwnPartitionsRequest,
): Promise<void> {
  for (const partition of layout.partitions) {
    if (partition.filesystem !== 'none') await writePartition(partition, disk, request);
  }
}

async function writePartition(
  { label, filesystem: name, mount }: LayoutPartition,
  disk: PlannedDisk,
  request: OwnPartitionsRequest,
): Promise<void> {
  const { output, container, timestamp, xattrsOf, scratch, signal } = request;
  const filesystem = filesystems.find((candidate) => candidate.name === name);
  if (filesystem === undefined) throw new RangeError(`there is no filesystem ${name}`);
  const region = disk.partition(label);
  await using writer = await filesystem.begin({
    output: outputAt(output, region.offset),
    // FAT has labels in capitals alone.
    label: name === 'vfat' ? label.toUpperCase() : label,
    uuid: derivedUuid(container, `filesystem ${label}`),
    timestamp,
    sectorSize: disk.sectorSize,
    hiddenSectors: region.firstSector,
    options: '',
    optionsKey: `partition ${label}`,
    scratch,
    signal,
  });
  const xattrs = mount === undefined ? [] : xattrsOf(mount);
  const root: DirectoryNode = {
    kind: 'directory',
    uid: 0,
    gid: 0,
    mode: 0o755,
    mtime: timestamp,
    xattrs,
    entries: new Map(),
  };
  await writer.finish(root, region.size);
}
