import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeGpt, guidBytes, type PartitionedDisk, usableSectors } from '../../../src/disk/partitions/gpt.ts';
import { run } from '../../../src/exec/run.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-gpt-'));
});
afterAll(() => rm(directory, { recursive: true }));

const guid = fc.uuid();

/** Disks whose partitions follow one another with gaps. */
const disks = fc
  .record({
    guid,
    sectorSize: fc.constantFrom(512 as const, 4096 as const),
    spare: fc.nat(1000),
    parts: fc.array(
      fc.record({
        name: fc.string({ maxLength: 36 }),
        type: guid,
        guid,
        gap: fc.nat(5000),
        size: fc.integer({ min: 1, max: 9999 }),
      }),
      { maxLength: 12 },
    ),
  })
  .map(({ guid, sectorSize, spare, parts }): PartitionedDisk => {
    const entries = sectorSize === 512 ? 32 : 4;
    let at = 2 + entries;
    const partitions = parts.map(({ gap, size, ...part }) => {
      const firstSector = at + gap;
      at = firstSector + size;
      return { ...part, firstSector, sectorCount: size };
    });
    return { guid, sectorSize, sectorCount: at + spare + entries + 1, partitions };
  });

function readHeader(bytes: Buffer) {
  const copy = Buffer.from(bytes.subarray(0, 92));
  const checksum = copy.readUInt32LE(16);
  copy.writeUInt32LE(0, 16);
  return {
    valid: checksum === crc32(copy),
    own: copy.readBigUInt64LE(24),
    other: copy.readBigUInt64LE(32),
    entriesAt: copy.readBigUInt64LE(72),
    entriesChecksum: copy.readUInt32LE(88),
  };
}

describe('encodeGpt', () => {
  it('writes two copies that point at each other, with right checksums', () => {
    fc.assert(
      fc.property(disks, (disk) => {
        const { primary, backup, backupOffset } = encodeGpt(disk);
        const { sectorSize, sectorCount } = disk;
        expect(backupOffset + backup.length).toBe(sectorCount * sectorSize);
        const first = readHeader(primary.subarray(sectorSize));
        const second = readHeader(backup.subarray(backup.length - sectorSize));
        expect(first.valid && second.valid).toBe(true);
        expect([first.own, first.other]).toEqual([second.other, second.own]);
        expect(Number(second.entriesAt) * sectorSize).toBe(backupOffset);
        const entries = primary.subarray(2 * sectorSize, 2 * sectorSize + 128 * 128);
        expect(crc32(entries)).toBe(first.entriesChecksum);
        expect(second.entriesChecksum).toBe(first.entriesChecksum);
        expect(backup.subarray(0, entries.length).equals(entries)).toBe(true);
      }),
    );
  });

  it('is what sfdisk reads and finds no fault with', async () => {
    const disk: PartitionedDisk = {
      guid: '01234567-89AB-4CDE-8F01-23456789ABCD',
      sectorSize: 512,
      sectorCount: 65536,
      partitions: [
        {
          name: 'one',
          type: '21686148-6449-6E6F-744E-656564454649',
          guid: 'AAAAAAAA-0000-4000-8000-000000000001',
          firstSector: 2048,
          sectorCount: 2048,
        },
        {
          name: 'zwei größer',
          type: '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
          guid: 'AAAAAAAA-0000-4000-8000-000000000002',
          firstSector: 4096,
          sectorCount: 65536 - 4096 - 33,
        },
      ],
    };
    const path = join(directory, 'disk');
    const { primary, backup, backupOffset } = encodeGpt(disk);
    await using file = await open(path, 'w');
    await file.write(primary, 0, primary.length, 0);
    await file.write(backup, 0, backup.length, backupOffset);
    const sfdisk = {
      name: 'sfdisk',
      packages: { deb: 'fdisk', rpm: 'util-linux' },
      purpose: 'checks partition tables',
    };
    expect((await run(sfdisk, ['--verify', path])).stdout).toContain('No errors detected');
    const { partitiontable } = JSON.parse((await run(sfdisk, ['--json', path])).stdout) as {
      partitiontable: Record<string, unknown>;
    };
    expect(partitiontable).toMatchObject({
      label: 'gpt',
      id: disk.guid,
      firstlba: 34,
      lastlba: 65536 - 34,
      partitions: disk.partitions.map(({ name, type, guid, firstSector, sectorCount }) => ({
        name,
        type,
        uuid: guid,
        start: firstSector,
        size: sectorCount,
      })),
    });
  });

  const usable = usableSectors({ sectorSize: 512, sectorCount: 10000 });
  const part = {
    name: 'p',
    type: '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
    guid: '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
  };
  it.each([
    [
      'too early',
      [{ ...part, firstSector: usable.first - 1, sectorCount: 1 }],
      'partition p overlaps what lies before it',
    ],
    ['too late', [{ ...part, firstSector: usable.last, sectorCount: 2 }], 'partition p does not fit on the disk'],
    ['empty', [{ ...part, firstSector: usable.first, sectorCount: 0 }], 'partition p is empty'],
    [
      'overlapping',
      [
        { ...part, firstSector: 100, sectorCount: 10 },
        { ...part, name: 'q', firstSector: 109, sectorCount: 1 },
      ],
      'partition q overlaps what lies before it',
    ],
    [
      'long name',
      [{ ...part, name: 'x'.repeat(37), firstSector: 100, sectorCount: 10 }],
      `partition name ${'x'.repeat(37)} is too long`,
    ],
    ['no GUID', [{ ...part, guid: 'x', firstSector: 100, sectorCount: 10 }], 'x is not a GUID'],
  ])('refuses a partition that is %s', (_, partitions, message) => {
    expect(() => encodeGpt({ guid: part.guid, sectorSize: 512, sectorCount: 10000, partitions })).toThrow(message);
  });
});

describe('guidBytes', () => {
  it('stores the first three groups little-endian', () => {
    expect(guidBytes('00112233-4455-6677-8899-aabbccddeeff').toString('hex')).toBe('33221100554477668899aabbccddeeff');
  });
});
