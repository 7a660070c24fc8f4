import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DiskImageRecord, formatRecord } from '../../src/disk/record.ts';
import type { Digest } from '../../src/lib/digest.ts';
import { sha256Hex } from '../../src/lib/digest.ts';

/** The record of an image of one file, as `cosa image build` writes it. */
export function diskImageRecord(
  container: Digest,
  content: string | Buffer,
  changes: Partial<DiskImageRecord> = {},
): DiskImageRecord {
  const { version = '13.1', platform = 'qemu', architecture = 'x86_64', format = 'qcow2' } = changes;
  const name = `example-${version}-${platform}.${architecture}.${format}`;
  return {
    name: 'example',
    version,
    platform,
    architecture,
    format,
    files: [{ role: 'disk', name, size: Buffer.byteLength(content), sha256: sha256Hex(content) }],
    'disk-size': 1024,
    container: { digest: container, 'ostree-commit': 'c'.repeat(64) },
    ignition: { platform, support: 'known' },
    rootfs: 'ext4',
    'host-tools': [],
    key: 'disk-image/3 x',
    ...changes,
  };
}

/** Writes an image of one file and its record. @returns the image's path */
export async function writeDiskImage(
  directory: string,
  record: DiskImageRecord,
  content: string | Buffer,
): Promise<string> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, record.files[0]?.name ?? '');
  await writeFile(path, content);
  await writeFile(`${path}.json`, formatRecord(record));
  return path;
}
