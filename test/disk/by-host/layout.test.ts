import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mebibyte, partitionNames, planDisk } from '../../../src/disk/by-host/layout.ts';
import { encodeGpt } from '../../../src/disk/partitions/gpt.ts';
import { digestOf } from '../../../src/lib/digest.ts';

const container = digestOf('container');

describe('planDisk', () => {
  it('lays out aligned partitions in order, as large as they must be, with root taking the rest', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(512 as const, 4096 as const),
        fc.integer({ min: 1, max: 64 }),
        (sectorSize, gibibytes) => {
          const bytes = gibibytes * 2 ** 30;
          const layout = planDisk(container, sectorSize, bytes);
          encodeGpt(layout);
          const regions = partitionNames.map((name) => layout.partition(name));
          for (const { offset, size, firstSector } of regions) {
            expect([offset % mebibyte, size % mebibyte, offset - firstSector * sectorSize]).toEqual([0, 0, 0]);
          }
          expect(regions.slice(0, 3).map(({ size }) => size / mebibyte)).toEqual([1, 127, 384]);
          const root = layout.partition('root');
          expect(bytes - (root.offset + root.size)).toBe(mebibyte);
        },
      ),
    );
  });

  it('derives every identifier from the container, and no two alike', () => {
    const first = planDisk(container, 512, 2 ** 30);
    const again = planDisk(container, 512, 2 ** 30);
    const other = planDisk(digestOf('another'), 512, 2 ** 30);
    const identifiers = [first, other].flatMap((disk) => [disk.guid, ...disk.partitions.map(({ guid }) => guid)]);
    expect(first.partitions).toEqual(again.partitions);
    expect(new Set(identifiers).size).toBe(10);
  });

  it('says how large a disk must be at least', () => {
    expect(() => planDisk(container, 512, 500 * mebibyte)).toThrow(
      'a disk of 500 MiB has no room for its partitions: 578 MiB is the least',
    );
    expect(() => planDisk(container, 512, 577 * mebibyte)).toThrow('578 MiB is the least');
    expect(planDisk(container, 512, 578 * mebibyte).partition('root').size).toBe(64 * mebibyte);
  });
});
