import { describe, expect, it } from 'vitest';
import { type DiskImageRecord, formatRecord, parseRecord, recordPath } from '../../src/disk/record.ts';
import { digestOf, sha256Hex } from '../../src/lib/digest.ts';

const record: DiskImageRecord = {
  name: 'os',
  version: '1.0',
  platform: 'qemu',
  architecture: 'x86_64',
  format: 'qcow2.xz',
  files: [
    {
      role: 'disk',
      name: 'os-1.0-qemu.x86_64.qcow2.xz',
      size: 100,
      sha256: sha256Hex('compressed'),
      'uncompressed-size': 1000,
      'uncompressed-sha256': sha256Hex('plain'),
    },
  ],
  'disk-size': 10 * 2 ** 30,
  container: { digest: digestOf('container'), 'ostree-commit': 'abc' },
  ignition: { platform: 'qemu', support: 'known' },
  rootfs: 'ext4',
  'host-tools': [],
  key: 'key',
};

describe('a record', () => {
  it('is read as it was written', () => {
    expect(parseRecord(formatRecord(record))).toEqual(record);
    const aws = { ...record, aws: { 'imdsv2-only': true, 'volume-type': 'gp3', 'boot-mode': 'uefi' } };
    expect(parseRecord(formatRecord(aws))).toEqual(aws);
  });

  it('has sorted keys, for people and for comparing', () => {
    const text = formatRecord(record);
    expect(text).toMatch(/^\{\n {2}"architecture": "x86_64",\n {2}"container": \{\n {4}"digest": "sha256:/);
    expect(text.endsWith('}\n')).toBe(true);
  });

  it('lies beside its image', () => {
    expect(recordPath('/images/os.qcow2')).toBe('/images/os.qcow2.json');
  });

  it.each([
    ['no JSON', '{'],
    ['another document', '{"schemaVersion": 2}'],
    ['a record without files', formatRecord({ ...record, files: [] })],
    ['a file elsewhere', formatRecord(record).replace('os-1.0-qemu', '../os-1.0-qemu')],
    ['a hidden file', formatRecord(record).replace('os-1.0-qemu', '.os-1.0-qemu')],
    ['a size that is no number of bytes', formatRecord(record).replace('"size": 100', '"size": -1')],
    ['a huge size', formatRecord(record).replace('"size": 100', '"size": 1e300')],
    ['a checksum that is none', formatRecord(record).replace(sha256Hex('compressed'), 'abc')],
    ['the record of an older version', '{"file": "os.qcow2", "size": 1, "key": "key"}'],
  ])('is not taken for one: %s', (_, text) => {
    expect(parseRecord(text)).toBeUndefined();
  });
});
