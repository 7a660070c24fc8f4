import { expect, it } from 'vitest';
import { defaultDiskLayout } from '../../../src/contract/disk-layout.ts';
import { parseDiskLayout } from '../../../src/disk/image-config.ts';

const mebibyte = 1024 ** 2;

it('is what every disk has where the container says nothing', () => {
  expect(parseDiskLayout(undefined)).toEqual(defaultDiskLayout);
});

it('reads what the container says', () => {
  const content = Buffer.from('{"boot": {"size": "1 GiB"}, "partitions": [{"label": "a", "size": "64 MiB"}]}');
  expect(parseDiskLayout(content)).toEqual({
    ...defaultDiskLayout,
    boot: { size: 1024 * mebibyte },
    partitions: [{ label: 'a', size: 64 * mebibyte, filesystem: 'ext4' }],
  });
});

const many = JSON.stringify({
  partitions: Array.from({ length: 101 }, (_, index) => ({ label: `p${index}`, size: '1 GiB' })),
});

it.each([
  ['no JSON', '{"boot"', 'it is not JSON'],
  ['a number for a size', '{"boot": {"size": 1073741824}}', '"boot.size": must be a size such as'],
  ['a huge size', '{"boot": {"size": "99999999 TiB"}}', '"boot.size": must be at most 16 TiB'],
  [
    'a label for a shell',
    '{"partitions": [{"label": "$(reboot)", "size": "1 GiB"}]}',
    '"partitions.0.label": must be 1 to 36 letters',
  ],
  ['a key that is not known', '{"swap": {"size": "1 GiB"}}', 'swap'],
  ['a FAT of too few clusters', '{"efi-system": {"size": "1025 GiB"}}', '"efi-system.size": must be at most 1 TiB'],
  [
    'an ext4 that only grows to its size',
    '{"partitions": [{"label": "a", "size": "4097 GiB"}]}',
    '"partitions.0.size": must be at most 4 TiB for ext4',
  ],
  [
    'partitions that are too large together',
    '{"boot": {"size": "2 TiB"}, "partitions": [{"label": "a", "size": "15 TiB", "filesystem": "none"}]}',
    '"partitions": must leave all partitions at most 16 TiB together, not',
  ],
  [
    'a root and a boot partition that are too large together',
    '{"boot": {"size": "2 TiB"}, "root": {"size": "15 TiB"}}',
    '"root.size": must leave all partitions at most 16 TiB together, not 17825919 MiB',
  ],
  ['too many partitions', many, '"partitions": must be at most 100'],
])('refuses %s', (_, text, message) => {
  expect(() => parseDiskLayout(Buffer.from(text))).toThrow(
    expect.objectContaining({
      code: 'IMAGE_CONFIG_INVALID',
      exitStatus: 4,
      message: expect.stringContaining(message) as string,
    }),
  );
});
