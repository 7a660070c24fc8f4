import { describe, expect, it } from 'vitest';
import { findFilesystem } from '../../src/disk/filesystems.ts';

describe('findFilesystem', () => {
  it('finds by name', () => {
    expect(findFilesystem('ext4', 'rootfs').name).toBe('ext4');
    expect(findFilesystem('ext4', 'bootfs').name).toBe('ext4');
  });

  it('suggests the nearest name', () => {
    expect(() => findFilesystem('ext2', 'bootfs')).toThrow(
      expect.objectContaining({
        code: 'FILESYSTEM_UNKNOWN',
        exitStatus: 2,
        message: 'image.json: "bootfs" is "ext2", which this program cannot write',
        hint: 'did you mean "ext4"?',
      }),
    );
  });

  it('permits for /boot what a config may name for it, and nothing else', () => {
    expect(() => findFilesystem('squashfs', 'bootfs')).toThrow(expect.objectContaining({ hint: 'it can write ext4' }));
  });
});
