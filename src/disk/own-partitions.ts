import type { DiskLayout } from '../contract/disk-layout.ts';
import { type DiskWithFilesystems, filesystemOn } from './filesystem-on-disk.ts';
import type { DirectoryNode } from './filesystems/tree.ts';
import { filesystems } from './filesystems.ts';

/**
 * Makes the filesystems of a config's own partitions, empty; what Ignition makes one in stays as it is.
 * @param disk as it was planned from the layout
 * @throws CosaError what the filesystems throw; the signal's reason
 */
export async function writeOwnPartitions(layout: DiskLayout, disk: DiskWithFilesystems): Promise<void> {
  for (const { label, filesystem: name } of layout.partitions) {
    if (name === 'none') continue;
    const filesystem = filesystems.find((candidate) => candidate.name === name);
    if (filesystem === undefined) throw new RangeError(`there is no filesystem ${name}`);
    const request = filesystemOn(disk, label);
    // FAT has labels in capitals alone.
    await using writer = await filesystem.begin(name === 'vfat' ? { ...request, label: label.toUpperCase() } : request);
    await writer.finish(emptyRoot(disk.timestamp), disk.plan.partition(label).size);
  }
}

function emptyRoot(mtime: number): DirectoryNode {
  return { kind: 'directory', uid: 0, gid: 0, mode: 0o755, mtime, xattrs: [], entries: new Map() };
}
