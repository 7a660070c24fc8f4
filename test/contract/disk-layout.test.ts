import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  type DiskLayout,
  defaultDiskLayout,
  diskLayoutSchema,
  diskLayoutText,
  partitionFilesystems,
} from '../../src/contract/disk-layout.ts';

const mebibyte = 1024 ** 2;
/** 103 of the largest fit on the largest disk. */
const size = fc.integer({ min: 300, max: 2 ** 17 }).map((count) => count * mebibyte);

const layouts: fc.Arbitrary<DiskLayout> = fc.record({
  'efi-system': fc.record({ size }),
  boot: fc.record({ size }),
  root: fc.record({ size }),
  partitions: fc
    .array(fc.record({ size, filesystem: fc.constantFrom(...partitionFilesystems), isMounted: fc.boolean() }), {
      maxLength: 100,
    })
    .map((partitions) =>
      partitions.map(({ isMounted, ...rest }, index) => ({
        ...rest,
        label: `p${index}`,
        ...(isMounted && rest.filesystem !== 'none' ? { mount: `/var/p${index}` } : {}),
      })),
    ),
});

it('is read as it was written', () => {
  fc.assert(
    fc.property(layouts, (layout) => {
      expect(diskLayoutSchema.parse(JSON.parse(diskLayoutText(layout)))).toEqual(layout);
    }),
  );
});

it('names sizes in the largest unit that is whole', () => {
  expect(diskLayoutText({ ...defaultDiskLayout, root: { size: 3 * 2 ** 40 }, boot: { size: 2 ** 30 } })).toBe(`{
  "boot": {
    "size": "1 GiB"
  },
  "efi-system": {
    "size": "127 MiB"
  },
  "partitions": [],
  "root": {
    "size": "3 TiB"
  }
}
`);
});
