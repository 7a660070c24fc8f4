import { expect, it } from 'vitest';
import { findLiveFilesystem, liveFilesystems } from '../../../src/disk/live/filesystems.ts';

it.each(liveFilesystems.map((filesystem) => [filesystem.name, filesystem]))('finds %s', (name, filesystem) => {
  expect(findLiveFilesystem(name as string)).toBe(filesystem);
});

it.each([
  ['squahsfs', 'did you mean "squashfs"?'],
  ['eorfs', 'did you mean "erofs"?'],
  ['ext4\n', `it can write ${liveFilesystems.map(({ name }) => name).join(' and ')}`],
])('refuses %j', (name, hint) => {
  expect(() => findLiveFilesystem(name)).toThrow(
    expect.objectContaining({
      code: 'FILESYSTEM_UNKNOWN',
      exitStatus: 2,
      message: `image.json: "live-rootfs-fstype" is ${JSON.stringify(name)}, which this program cannot write`,
      hint,
    }),
  );
});
