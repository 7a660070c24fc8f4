import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { diskLayoutSchema } from '../../src/contract/disk-layout.ts';
import { btrfs } from '../../src/disk/filesystems/btrfs.ts';
import { xfs } from '../../src/disk/filesystems/xfs.ts';
import { areVersionsCurrent, filesystemObstacle, filesystemVersions } from '../../src/disk/host-filesystems.ts';
import { CosaError } from '../../src/lib/errors.ts';

const settings = (rootfs: string, ...own: string[]) => ({
  config: { rootfs },
  layout: diskLayoutSchema.parse({
    partitions: own.map((filesystem, index) => ({ label: `p${index}`, size: '1 GiB', filesystem })),
  }),
});

const obstacle = new CosaError('FILESYSTEM_UNSUPPORTED', 'too old');

/** What the host is said to be like. */
function host(filesystem: typeof xfs, version: string, itsObstacle?: CosaError) {
  if (filesystem.host === undefined) throw new Error('it has no part of the host');
  vi.spyOn(filesystem.host, 'obstacle').mockResolvedValue(itsObstacle);
  vi.spyOn(filesystem.host, 'versions').mockResolvedValue([version]);
}

describe('what a container needs of the host', () => {
  beforeEach(() => {
    host(xfs, 'mkfs.xfs 5.0', obstacle);
    host(btrfs, 'mkfs.btrfs 6.2');
  });
  afterEach(() => void vi.restoreAllMocks());

  it('is nothing for the filesystems that are ours', async () => {
    expect(await filesystemObstacle(settings('ext4', 'vfat', 'none'))).toBeUndefined();
    expect(await filesystemVersions(settings('ext4', 'vfat', 'none'))).toEqual([]);
  });

  it('is what root needs and what its own partitions need, each once', async () => {
    expect(await filesystemVersions(settings('btrfs', 'btrfs', 'ext4'))).toEqual(['mkfs.btrfs 6.2']);
    expect(await filesystemVersions(settings('btrfs', 'xfs'))).toEqual(['mkfs.xfs 5.0', 'mkfs.btrfs 6.2']);
    expect(await filesystemObstacle(settings('btrfs', 'ext4'))).toBeUndefined();
    expect(await filesystemObstacle(settings('ext4', 'btrfs', 'xfs'))).toBe(obstacle);
  });

  it('has changed or not since it was recorded', async () => {
    expect(await areVersionsCurrent([])).toBe(true);
    expect(await areVersionsCurrent(['mkfs.btrfs 6.2'])).toBe(true);
    expect(await areVersionsCurrent(['mkfs.xfs 5.0', 'mkfs.btrfs 6.2'])).toBe(true);
    expect(await areVersionsCurrent(['mkfs.btrfs 6.1'])).toBe(false);
  });

  it('is not known for a root that nobody makes', async () => {
    await expect(filesystemObstacle(settings('zfs'))).rejects.toMatchObject({ code: 'FILESYSTEM_UNKNOWN' });
  });
});
