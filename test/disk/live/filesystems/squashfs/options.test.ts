import { describe, expect, it } from 'vitest';
import manifest from '../../../../../package.json' with { type: 'json' };
import { squashfsOptions, squashfsParameters } from '../../../../../src/disk/live/filesystems/squashfs/options.ts';

const optionsKey = 'image.json: "live-rootfs-fsoptions"';

describe('squashfsOptions', () => {
  it.each([
    ['', { kind: 'zstd', level: 6 }, 131_072],
    ['-comp zstd', { kind: 'zstd', level: 6 }, 131_072],
    ['-comp zstd -Xcompression-level 19 -b 1M', { kind: 'zstd', level: 19 }, 1_048_576],
    ['-Xcompression-level 22 -b 64k', { kind: 'zstd', level: 22 }, 65_536],
    ['-comp gzip -b 4096', { kind: 'zlib' }, 4096],
    ['-comp gzip -b 128K -comp zstd -b 256K', { kind: 'zstd', level: 6 }, 262_144],
  ])('reads %j', (options, compression, blockBytes) => {
    expect(squashfsOptions({ options, optionsKey })).toEqual({ compression, blockBytes });
  });

  it.each([
    ['-comp xz', '"-comp xz", which squashfs is not compressed with here', 'use "-comp zstd" or "-comp gzip"'],
    ['-comp lz4 -b 1M', '"-comp lz4", which squashfs is not compressed with here', 'use "-comp zstd" or "-comp gzip"'],
    ['-Xcompression-level 0', '"-Xcompression-level 0", which is no level of zstd', 'the levels are 1 to 22'],
    ['-Xcompression-level 23', '"-Xcompression-level 23", which is no level of zstd', 'the levels are 1 to 22'],
    ['-Xcompression-level 1e1', '"-Xcompression-level 1e1", which is no level of zstd', 'the levels are 1 to 22'],
    [
      '-comp gzip -Xcompression-level 9',
      '"-Xcompression-level 9", and gzip has one level here',
      'leave it out, or use "-comp zstd"',
    ],
    ['-b 2M', '"-b 2M", which is no size of blocks', 'it is a power of two from 4K to 1M'],
    ['-b 3K', '"-b 3K", which is no size of blocks', 'it is a power of two from 4K to 1M'],
    ['-b 2048', '"-b 2048", which is no size of blocks', 'it is a power of two from 4K to 1M'],
    ['-b 0', '"-b 0", which is no size of blocks', 'it is a power of two from 4K to 1M'],
    ['-b big', '"-b big", which is no size of blocks', 'it is a power of two from 4K to 1M'],
    [
      '-e /etc',
      '"-e /etc", which is not permitted for squashfs',
      'permitted, each with a value: -comp -Xcompression-level -b',
    ],
    ['-b', '"-b", which is not permitted for squashfs', 'permitted, each with a value: -comp -Xcompression-level -b'],
  ])('refuses %j', (options, what, hint) => {
    expect(() => squashfsOptions({ options, optionsKey })).toThrow(
      expect.objectContaining({
        code: 'FILESYSTEM_OPTION',
        exitStatus: 2,
        message: `${optionsKey} has ${what}`,
        hint,
      }),
    );
  });
});

it('names the versions of zstd that are pinned', () => {
  const { '@foxglove/wasm-zstd': quick, '@bokuweb/zstd-wasm': thorough } = manifest.dependencies;
  const parameters = (options: string) => squashfsParameters({ options, optionsKey });
  expect(parameters('')).toBe(`squashfs/1 @foxglove/wasm-zstd ${quick} -6 131072`);
  expect(parameters('-Xcompression-level 12')).toBe(`squashfs/1 @foxglove/wasm-zstd ${quick} -12 131072`);
  expect(parameters('-Xcompression-level 13')).toBe(`squashfs/1 @bokuweb/zstd-wasm ${thorough} -13 131072`);
  expect(parameters('-comp gzip')).toBe('squashfs/1 cosa-deflate-1 131072');
});
