import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findKeptImage, publishImage } from '../../../src/disk/artifacts/kept-image.ts';
import { verifiedFiles } from '../../../src/disk/artifacts/verified-files.ts';
import { type DiskImageRecord, formatRecord, recordPath } from '../../../src/disk/record.ts';
import { digestOf, sha256Hex } from '../../../src/lib/digest.ts';

let directory: string;
let warnings: string[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-kept-'));
  warnings = [];
});
afterEach(() => rm(directory, { recursive: true }));

const name = 'os-1.0-qemu.x86_64.qcow2';
const content = 'the disk';

function recordOf(file: string, text: string): DiskImageRecord {
  return {
    name: 'os',
    version: '1.0',
    platform: 'qemu',
    architecture: 'x86_64',
    format: 'qcow2',
    files: [{ role: 'disk', name: file, size: text.length, sha256: sha256Hex(text) }],
    'disk-size': 2 ** 30,
    container: { digest: digestOf('container'), 'ostree-commit': 'abc' },
    ignition: { platform: 'qemu', support: 'known' },
    rootfs: 'ext4',
    'host-tools': [],
    key: 'key',
  };
}

const path = () => join(directory, name);
const find = (key = 'key') =>
  findKeptImage(
    { directory, names: [name], platform: 'qemu', key },
    verifiedFiles(join(directory, 'cache')),
    (message) => void warnings.push(message),
  );

async function publish(record: DiskImageRecord): Promise<void> {
  await mkdir(join(directory, 'new'));
  const file = join(directory, 'new', name);
  await writeFile(file, content);
  await publishImage(join(directory, 'new'), directory, record);
}

describe('findKeptImage', () => {
  it('finds what was published, under its key alone', async () => {
    const record = recordOf(name, content);
    await publish(record);
    expect(await find()).toEqual({ path: path(), record });
    expect(await find('another')).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it.each<[string, (record: DiskImageRecord) => DiskImageRecord]>([
    ['of another file', () => recordOf('other', 'another')],
    ['of more files than the image has', (record) => ({ ...record, files: [...record.files, ...record.files] })],
    ['of another platform', (record) => ({ ...record, platform: '\u001b[2J' })],
  ])('does not believe a record %s', async (_, change) => {
    await publish(recordOf(name, content));
    await writeFile(join(directory, 'other'), 'another');
    await writeFile(recordPath(path()), formatRecord(change(recordOf(name, content))));
    expect(await find()).toBeUndefined();
  });

  it('refuses a place that no image can take, before one is made for it', async () => {
    await mkdir(path());
    await expect(find()).rejects.toThrow(
      expect.objectContaining({
        code: 'NOT_A_FILE',
        message: `${path()} cannot be replaced: it is a directory, and no file`,
        hint: 'remove it, or name another directory with --output',
      }),
    );
  });
});
