import type { DiskLayout } from '../contract/disk-layout.ts';
import { type DiskWithFilesystems, filesystemOn } from './filesystem-on-disk.ts';
import { byteString, type DirectoryNode } from './filesystems/tree.ts';
import { filesystems } from './filesystems.ts';
import { labelTree, type NodeLabels, withOwnDirectory } from './labels.ts';

const unmounted = '/mnt';

/**
 * Makes the filesystems of a config's own partitions, empty; what Ignition makes one in stays as it is.
 * @param disk as it was planned from the layout
 * @param labels of the running system, if it is labelled: of what is mounted nowhere, as if it were at /mnt
 * @throws CosaError what the filesystems throw; the signal's reason
 */
export async function writeOwnPartitions(
  layout: DiskLayout,
  disk: DiskWithFilesystems,
  labels?: NodeLabels,
): Promise<void> {
  for (const { label, filesystem: name, mount = unmounted } of layout.partitions) {
    if (name === 'none') continue;
    const filesystem = filesystems.find((candidate) => candidate.name === name);
    if (filesystem === undefined) throw new RangeError(`there is no filesystem ${name}`);
    const request = filesystemOn(disk, label);
    // FAT has labels in capitals alone.
    await using writer = await filesystem.begin(name === 'vfat' ? { ...request, label: label.toUpperCase() } : request);
    const root = emptyRoot(disk.timestamp);
    if (labels !== undefined) labelTree(withOwnDirectory(root, filesystem), byteString(mount), labels);
    await writer.finish(root, disk.plan.partition(label).size);
  }
}

function emptyRoot(mtime: number): DirectoryNode {
  return { kind: 'directory', uid: 0, gid: 0, mode: 0o755, mtime, xattrs: [], entries: new Map() };
}
