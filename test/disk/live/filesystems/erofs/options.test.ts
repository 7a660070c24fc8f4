import { describe, expect, it } from 'vitest';
import { imageConfigKeys } from '../../../../../src/contract/image-config.ts';
import { erofsOptions, erofsParameters } from '../../../../../src/disk/live/filesystems/erofs/options.ts';

const optionsKey = 'image.json: "live-rootfs-fsoptions"';

describe('erofsOptions', () => {
  it.each([
    ['', 6, 131_072],
    [imageConfigKeys['live-rootfs-fsoptions'].default, 6, 131_072],
    ['-zzstd', 6, 131_072],
    ['-zzstd,level=19 -C1048576 --quiet', 19, 1_048_576],
    ['-zzstd,3 -C16384', 3, 16_384],
  ])('reads %j', (options, level, pieceBytes) => {
    expect(erofsOptions({ options, optionsKey })).toEqual({ compression: { kind: 'zstd', level }, pieceBytes });
  });

  it.each([
    ['-zlzma,level=6', '"-zlzma,level=6", which erofs is not compressed with here', 'use "-zzstd"'],
    ['-zlz4hc', '"-zlz4hc", which erofs is not compressed with here', 'use "-zzstd"'],
    ['-zzstd,level=0', '"-zzstd,level=0", which is no level of zstd', 'the levels are 1 to 22'],
    ['-zzstd,23', '"-zzstd,23", which is no level of zstd', 'the levels are 1 to 22'],
    ['-zzstd,dictsize=4096', '"-zzstd,dictsize=4096", which is no level of zstd', 'the levels are 1 to 22'],
    ['-C4096', '"-C4096", which is no size of pieces', 'it is a power of two from 16384 to 1048576'],
    ['-C65537', '"-C65537", which is no size of pieces', 'it is a power of two from 16384 to 1048576'],
    ['-C2097152', '"-C2097152", which is no size of pieces', 'it is a power of two from 16384 to 1048576'],
    ['-C', '"-C", which is no size of pieces', 'it is a power of two from 16384 to 1048576'],
    [
      '-zzstd -Eall-fragments',
      '"-Eall-fragments", which is not permitted for erofs',
      'permitted: -zzstd[,level=N] -C# --quiet',
    ],
    ['-comp zstd -b 1M', '"-comp", which is not permitted for erofs', 'permitted: -zzstd[,level=N] -C# --quiet'],
  ])('refuses %j', (options, what, hint) => {
    expect(() => erofsOptions({ options, optionsKey })).toThrow(
      expect.objectContaining({ code: 'FILESYSTEM_OPTION', exitStatus: 2, message: `${optionsKey} has ${what}`, hint }),
    );
  });
});

it('names the compressor in the parameters', () => {
  const parameters = (options: string) => erofsParameters({ options, optionsKey });
  expect(parameters('')).toBe('erofs/1 @foxglove/wasm-zstd 1.0.1 -6 131072');
  expect(parameters('-zzstd,level=13 -C65536')).toBe('erofs/1 @bokuweb/zstd-wasm 0.0.27 -13 65536');
});
