import { isDeepStrictEqual } from 'node:util';
import type { CosaError } from '../lib/errors.ts';
import type { HostDependence } from './filesystems/filesystem.ts';
import { filesystems, findFilesystem } from './filesystems.ts';
import type { DiskSettings } from './image-config.ts';

/** What of a container's settings names filesystems. */
type NamesFilesystems = Pick<DiskSettings, 'layout'> & { config: Pick<DiskSettings['config'], 'rootfs'> };

/**
 * Why this host cannot make the filesystems of a container's disks: root, and the partitions of disk.json.
 * @returns undefined if it can
 * @throws CosaError `FILESYSTEM_UNKNOWN` (exit 2)
 */
export async function filesystemObstacle(settings: NamesFilesystems): Promise<CosaError | undefined> {
  for (const host of dependences(settings)) {
    const obstacle = await host.obstacle();
    if (obstacle !== undefined) return obstacle;
  }
  return undefined;
}

/**
 * The programs of this host that decide bytes of a container's disks, with their versions: `mkfs.xfs 6.17.0`. None where
 * all bytes are ours.
 * @throws CosaError `FILESYSTEM_UNKNOWN` (exit 2), `TOOL_MISSING`, `FILESYSTEM_UNSUPPORTED` (exit 3)
 */
export async function filesystemVersions(settings: NamesFilesystems): Promise<readonly string[]> {
  const versions: string[] = [];
  for (const host of dependences(settings)) versions.push(...(await host.versions()));
  return versions;
}

/**
 * Compares versions that {@link filesystemVersions} gave once with what the same programs are now.
 * @throws CosaError `TOOL_MISSING`, `FILESYSTEM_UNSUPPORTED` (exit 3)
 */
export async function areVersionsCurrent(recorded: readonly string[]): Promise<boolean> {
  const current: string[] = [];
  for (const { tools, host } of filesystems) {
    const isRecorded = tools.some(({ name }) => recorded.some((version) => version.startsWith(`${name} `)));
    if (host !== undefined && isRecorded) current.push(...(await host.versions()));
  }
  return isDeepStrictEqual(recorded, current);
}

function dependences({ config, layout }: NamesFilesystems): HostDependence[] {
  const names = new Set<string>(layout.partitions.map(({ filesystem }) => filesystem));
  names.add(findFilesystem(config.rootfs, 'rootfs').name);
  return filesystems.flatMap(({ name, host }) => (host !== undefined && names.has(name) ? [host] : []));
}
