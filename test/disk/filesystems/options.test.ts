import { describe, expect, it } from 'vitest';
import { findFilesystem } from '../../../src/disk/by-host/filesystems/index.ts';
import { parseOptions } from '../../../src/disk/filesystems/options.ts';

const permitted = new Map([
  ['-m', /^\d{1,2}$/],
  ['-O', /^[a-z0-9_^,]+$/],
]);

describe('parseOptions', () => {
  it.each([
    ['', []],
    ['  ', []],
    ['-m 1', ['-m', '1']],
    [' -m  1\t-O ^64bit,casefold ', ['-m', '1', '-O', '^64bit,casefold']],
  ])('splits %j', (text, words) => {
    expect(parseOptions('ext4', text, permitted)).toEqual(words);
  });

  it.each([
    ['-d /etc', '-d /etc'],
    ['-m', '-m'],
    ['-m 100', '-m 100'],
    ['1', '1'],
    ['-m 1 -E offset=0', '-E offset=0'],
    ['-O a;b', '-O a;b'],
  ])('refuses %j', (text, named) => {
    expect(() => parseOptions('ext4', text, permitted)).toThrow(
      expect.objectContaining({
        code: 'FILESYSTEM_OPTION',
        exitStatus: 2,
        message: `image.json: "rootfs-args" has "${named}", which is not permitted for ext4`,
        hint: 'permitted, each with a value: -m -O',
      }),
    );
  });
});

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
