import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { diskLayoutSchema } from '../../src/contract/disk-layout.ts';
import { fileOutput } from '../../src/disk/output.ts';
import { writeOwnPartitions } from '../../src/disk/own-partitions.ts';
import { partitionRows } from '../../src/disk/partitions/table.ts';
import { planDisk } from '../../src/disk/partitions.ts';
import { run } from '../../src/exec/run.ts';
import type { Tool } from '../../src/exec/tools.ts';
import { digestOf } from '../../src/lib/digest.ts';

const container = digestOf('container');
const layout = diskLayoutSchema.parse({
  partitions: [
    { label: 'data', size: '64 MiB', mount: '/var/data' },
    { label: 'camera', size: '40 MiB', filesystem: 'vfat' },
    { label: 'secrets', size: '16 MiB', filesystem: 'none' },
  ],
});

const checker = (name: string, deb: string): Tool => ({ name, packages: { deb, rpm: deb }, purpose: 'checks disks' });

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-own-partitions-'));
});
afterAll(() => rm(directory, { recursive: true }));

it.each([512, 4096] as const)(
  'makes the filesystems of disk.yaml in sectors of %i bytes, each in its place',
  async (sectorSize) => {
    const plan = planDisk(partitionRows('x86_64', layout), { container, sectorSize, size: 'least', rootBytes: 0 });
    const path = join(directory, 'disk');
    const file = openSync(path, 'w');
    const output = fileOutput(file);
    await writeOwnPartitions(layout, {
      container,
      timestamp: 1_700_000_000,
      plan,
      output,
      scratch: directory,
      signal: new AbortController().signal,
    });
    output.finish();
    ftruncateSync(file, plan.size);
    closeSync(file);

    const { offset, size } = plan.partition('data');
    await run(checker('e2fsck', 'e2fsprogs'), ['-fn', `${path}?offset=${offset}`]);
    const debugfs = checker('debugfs', 'e2fsprogs');
    const ask = async (request: string) => (await run(debugfs, ['-R', request, `${path}?offset=${offset}`])).stdout;
    expect(await ask('stats -h')).toMatch(
      new RegExp(`Filesystem volume name: +data\n[^]*Block count: +${size / 4096}\n`),
    );

    const camera = plan.partition('camera');
    const fat = Buffer.alloc(camera.size);
    await using disk = await open(path);
    await disk.read(fat, 0, fat.length, camera.offset);
    await using copy = await open(join(directory, 'fat'), 'w');
    await copy.writeFile(fat);
    const { stdout } = await run(checker('fsck.fat', 'dosfstools'), ['-nv', join(directory, 'fat')]);
    expect(stdout).toContain(`${camera.firstSector} hidden sectors`);
    expect(fat.includes('CAMERA     ')).toBe(true);

    const secrets = plan.partition('secrets');
    const empty = Buffer.alloc(secrets.size, 1);
    await disk.read(empty, 0, empty.length, secrets.offset);
    expect(empty.equals(Buffer.alloc(secrets.size))).toBe(true);
  },
);

it.each([
  ['the least', '40 MiB', '34 MiB'],
  ['the largest', '4 TiB', '1 TiB'],
])('makes filesystems of %s size that disk.yaml may name', async (_, ext4, vfat) => {
  const bounds = diskLayoutSchema.parse({
    partitions: [
      { label: 'data', size: ext4 },
      { label: 'camera', size: vfat, filesystem: 'vfat' },
    ],
  });
  for (const sectorSize of [512, 4096] as const) {
    const plan = planDisk(partitionRows('x86_64', bounds), { container, sectorSize, size: 'least', rootBytes: 0 });
    let written = 0;
    const output = {
      write(_position: number, bytes: Uint8Array) {
        written += bytes.length;
      },
    };
    const signal = new AbortController().signal;
    await writeOwnPartitions(bounds, { container, timestamp: 0, plan, output, scratch: directory, signal });
    expect(written).toBeGreaterThan(0);
  }
});
