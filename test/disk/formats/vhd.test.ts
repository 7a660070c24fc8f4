import { expect, it } from 'vitest';
import type { FormatRequest, ImageSink } from '../../../src/disk/formats/format.ts';
import { vhd } from '../../../src/disk/formats/vhd.ts';
import { sparseDisk } from '../../helpers/sparse-disk.ts';

const gibibyte = 2 ** 30;

/** Counts what an image has, and keeps nothing. */
function countingSink(): ImageSink & { size(): number } {
  let size = 0;
  const count = async (bytes: number) => {
    size += bytes;
  };
  return {
    append: (bytes) => count(bytes.length),
    appendZeros: count,
    appendDisk: (_disk, _position, length) => count(length),
    reserve: () => Promise.reject(new Error('a VHD is written from its first byte to its last')),
    size: () => size,
  };
}

function request(size: number): FormatRequest {
  return {
    disk: sparseDisk(size, []),
    identity: { uuid: () => '00000000-0000-4000-8000-000000000000', fileName: 'os.vhd' },
    threads: undefined as never,
    signal: new AbortController().signal,
  };
}

it('takes the largest disk that the format has', async () => {
  const sink = countingSink();
  await vhd.write(request(2040 * gibibyte), sink);
  expect(sink.size()).toBe(2040 * gibibyte + 512);
});

it('refuses a larger one, which no reader would open, before anything is written', async () => {
  const sink = countingSink();
  await expect(vhd.write(request(2041 * gibibyte), sink)).rejects.toThrow(
    expect.objectContaining({
      code: 'DISK_TOO_LARGE',
      message: 'a VHD has at most 2040 GiB, and the disk has 2041 GiB',
      hint: 'set "size: 2040" or less in image.yaml and build the container again',
      exitStatus: 2,
    }),
  );
  expect(sink.size()).toBe(0);
});
