import { describe, expect, it } from 'vitest';
import { findFilesystem } from '../../../../src/disk/by-host/filesystems/index.ts';

describe('findFilesystem', () => {
  it('finds by name', () => {
    expect(findFilesystem('xfs', 'rootfs').name).toBe('xfs');
  });

  it('suggests the nearest name', () => {
    expect(() => findFilesystem('ext2', 'bootfs')).toThrow(
      expect.objectContaining({
        message: 'image.json: "bootfs" is "ext2", which this program cannot write',
        hint: 'did you mean "ext4"?',
      }),
    );
    expect(() => findFilesystem('squashfs', 'rootfs')).toThrow(
      expect.objectContaining({ hint: 'it can write xfs and ext4' }),
    );
  });

  it('permits for /boot what a config may name for it, and nothing else', () => {
    expect(findFilesystem('ext4', 'bootfs').name).toBe('ext4');
    expect(() => findFilesystem('xfs', 'bootfs')).toThrow(
      expect.objectContaining({ message: 'image.json: "bootfs" is "xfs", which this program cannot write' }),
    );
  });
});
