import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diskLayoutSchema, systemPartitions } from '../../src/contract/disk-layout.ts';
import { fileOutput } from '../../src/disk/output.ts';
import { encodeGpt } from '../../src/disk/partitions/gpt.ts';
import { mebibyte } from '../../src/disk/partitions/region.ts';
import { type PartitionRow, partitionRows } from '../../src/disk/partitions/table.ts';
import { type DiskRequest, planDisk, writePartitionTable } from '../../src/disk/partitions.ts';
import { run } from '../../src/exec/run.ts';
import type { Tool } from '../../src/exec/tools.ts';
import { type ArchitectureName, architectures } from '../../src/lib/architecture.ts';
import { digestOf } from '../../src/lib/digest.ts';

const container = digestOf('container');
const names: ArchitectureName[] = ['x86_64', 'aarch64'];
const request: DiskRequest = { container, sectorSize: 512, size: 'least', rootBytes: 65 * mebibyte };

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-partitions-'));
});
afterAll(() => rm(directory, { recursive: true }));

function checker(name: string, deb: string): Tool {
  return { name, packages: { deb, rpm: deb }, purpose: 'checks partition tables' };
}
const sgdisk = checker('sgdisk', 'gdisk');
const sfdisk = checker('sfdisk', 'fdisk');
const fdisk = checker('fdisk', 'fdisk');

describe('partitionRows', () => {
  it('knows the disks of every architecture that has some', () => {
    const rows = architectures.filter(({ hasDisks }) => hasDisks).map(({ name }) => partitionRows(name));
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) expect(row.map(({ name }) => name).slice(1)).toEqual(['EFI-SYSTEM', 'boot', 'root']);
    expect(() => partitionRows('s390x')).toThrow('disks of s390x have no partition table');
  });
});

describe('planDisk', () => {
  it('lays out aligned partitions in order, as large as they must be, with root taking the rest', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.constantFrom(512 as const, 4096 as const),
        fc.integer({ min: 1, max: 64 }),
        fc.integer({ min: 1, max: 500 * mebibyte }),
        (architecture, sectorSize, gibibytes, rootBytes) => {
          const size = gibibytes * 2 ** 30;
          const disk = planDisk(partitionRows(architecture), { container, sectorSize, size, rootBytes });
          encodeGpt(disk);
          const regions = disk.partitions.map(({ name }) => disk.partition(name));
          for (const { offset, size, firstSector } of regions) {
            expect([offset % mebibyte, size % mebibyte, offset - firstSector * sectorSize]).toEqual([0, 0, 0]);
          }
          expect(regions.slice(0, 3).map(({ size }) => size / mebibyte)).toEqual([1, 127, 384]);
          const root = disk.partition('root');
          expect([root.offset / mebibyte, size - (root.offset + root.size)]).toEqual([513, mebibyte]);
          expect(disk.sectorCount * sectorSize).toBe(size);
        },
      ),
    );
  });

  it('makes the least disk as small as the root filesystem allows', () => {
    const disk = planDisk(partitionRows('x86_64'), { ...request, rootBytes: 100 * mebibyte + 1 });
    expect([disk.size / mebibyte, disk.partition('root').size / mebibyte]).toEqual([513 + 101 + 1, 101]);
    expect(() => disk.partition('home')).toThrow('there is no partition home');
  });

  it('puts root last, whatever its number', () => {
    const rows: PartitionRow[] = [
      { name: 'root', type: 'b921b045-1df0-41c3-af44-4c6f280d3fae', bytes: 0, isRoot: true },
      { name: 'data', type: '0fc63daf-8483-4772-8e79-3d69d8477de4', bytes: 8 * mebibyte },
    ];
    const disk = planDisk(rows, { ...request, rootBytes: mebibyte, size: 20 * mebibyte });
    expect(disk.partitions.map(({ name, firstSector, sectorCount }) => [name, firstSector, sectorCount])).toEqual([
      ['root', 9 * 2048, 10 * 2048],
      ['data', 2048, 8 * 2048],
    ]);
  });

  it("makes room for a config's own partitions, and gives root its least", () => {
    const layout = diskLayoutSchema.parse({
      'efi-system': { size: '256 MiB' },
      boot: { size: '1 GiB' },
      root: { size: '2 GiB' },
      partitions: [
        { label: 'data', size: '512 MiB', mount: '/var/data' },
        { label: 'camera', size: '64 MiB', filesystem: 'vfat' },
      ],
    });
    const disk = planDisk(partitionRows('x86_64', layout), request);
    const found = disk.partitions.map(({ name, type }) => {
      const { offset, size } = disk.partition(name);
      return [name, type.slice(0, 8), offset / mebibyte, size / mebibyte];
    });
    expect(found).toEqual([
      ['BIOS-BOOT', '21686148', 1, 1],
      ['EFI-SYSTEM', 'c12a7328', 2, 256],
      ['boot', 'bc13c2ff', 258, 1024],
      ['root', '4f68bce3', 1282 + 512 + 64, 2048],
      ['data', '0fc63daf', 1282, 512],
      ['camera', 'ebd0a0a2', 1794, 64],
    ]);
    const larger = planDisk(partitionRows('x86_64', layout), { ...request, rootBytes: 3 * 1024 * mebibyte });
    expect(larger.partition('root').size / mebibyte).toBe(3072);
  });

  it('has no name twice', () => {
    const taken = names.flatMap((name) => partitionRows(name).map((row) => row.name));
    expect([...new Set(taken)].sort()).toEqual([...systemPartitions].sort());
  });

  it('derives every identifier from the container, and no two alike', () => {
    const rows = partitionRows('x86_64');
    const first = planDisk(rows, request);
    const other = planDisk(rows, { ...request, container: digestOf('another') });
    const identifiers = [first, other].flatMap((disk) => [disk.guid, ...disk.partitions.map(({ guid }) => guid)]);
    expect(first.partitions).toEqual(planDisk(rows, request).partitions);
    expect(new Set(identifiers).size).toBe(10);
  });

  it('says how large a disk must be, and refuses sizes that no disk has', () => {
    const rows = partitionRows('x86_64');
    const wished = { ...request, rootBytes: 1500 * mebibyte };
    expect(() => planDisk(rows, { ...wished, size: 1024 * mebibyte })).toThrow(
      expect.objectContaining({
        code: 'DISK_TOO_SMALL',
        exitStatus: 2,
        message:
          'a disk of 1024 MiB is too small: its partitions need 2014 MiB, of which the root filesystem takes 1500 MiB',
        hint: 'set "size" in image.yaml to 2 (GiB) or more, and build the container again',
      }),
    );
    expect(planDisk(rows, { ...wished, size: 2014 * mebibyte }).partition('root').size).toBe(1500 * mebibyte);
    expect(() => planDisk(rows, { ...wished, size: 3000 * mebibyte + 512 })).toThrow('is no multiple of 1 MiB');
  });
});

describe('writePartitionTable', () => {
  async function diskFile(architecture: ArchitectureName, sectorSize: 512 | 4096) {
    const disk = planDisk(partitionRows(architecture), { ...request, sectorSize, size: 1024 * mebibyte });
    const path = join(directory, `${architecture}-${sectorSize}-disk`);
    const file = openSync(path, 'w');
    const output = fileOutput(file);
    writePartitionTable(disk, output);
    output.finish();
    closeSync(file);
    await truncate(path, disk.size);
    return { disk, path };
  }

  it.each(names)('is what sgdisk and sfdisk read on a disk of %s, and find no fault with', async (architecture) => {
    const { disk, path } = await diskFile(architecture, 512);
    expect((await run(sgdisk, ['--verify', path])).stdout).toContain('No problems found.');
    const { stdout } = await run(sfdisk, ['--json', path]);
    expect((JSON.parse(stdout) as { partitiontable: unknown }).partitiontable).toMatchObject({
      id: disk.guid.toUpperCase(),
      lastlba: 2 ** 21 - 34,
      partitions: disk.partitions.map(({ name, type, guid, firstSector, sectorCount }) => ({
        name,
        type: type.toUpperCase(),
        uuid: guid.toUpperCase(),
        start: firstSector,
        size: sectorCount,
      })),
    });
  });

  it.each(names)('is what fdisk finds no fault with in sectors of 4096 bytes: %s', async (architecture) => {
    const { disk, path } = await diskFile(architecture, 4096);
    const { stdout, stderr } = await run(fdisk, ['--sector-size', '4096', path], { input: 'v\np\nq\n' });
    expect(stderr).toBe('');
    expect(stdout).toContain('No errors detected.');
    expect(stdout).toContain(`Disk identifier: ${disk.guid.toUpperCase()}`);
    for (const [index, { firstSector, sectorCount }] of disk.partitions.entries()) {
      const row = stdout.split('\n').find((line) => line.startsWith(`${path}${index + 1} `));
      expect(row?.split(/\s+/).slice(1, 4).map(Number)).toEqual([
        firstSector,
        firstSector + sectorCount - 1,
        sectorCount,
      ]);
    }
  });
});
