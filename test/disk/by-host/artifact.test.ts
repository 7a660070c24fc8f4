import { describe, expect, it } from 'vitest';
import { artifactFileName, formatRecord, parseRecord } from '../../../src/disk/by-host/artifact.ts';
import { compressors } from '../../../src/disk/by-host/compressors.ts';
import { qemu } from '../../../src/disk/by-host/platforms/qemu.ts';

const usual = { name: 'os', version: '13.20260101.0', architecture: 'x86_64', platform: qemu, compressor: undefined };

describe('artifactFileName', () => {
  it.each([undefined, ...compressors])('adds the compressor’s ending', (compressor) => {
    const ending = compressor === undefined ? '' : `.${compressor.extension}`;
    expect(artifactFileName({ ...usual, compressor })).toBe(`os-13.20260101.0-qemu.x86_64.qcow2${ending}`);
  });

  it.each([
    ['name', '../x', `the container's name "../x" cannot be part of a file name`],
    ['name', '', `the container's name "" cannot be part of a file name`],
    ['version', '1/2', `the container's version "1/2" cannot be part of a file name`],
    ['version', '.1', `the container's version ".1" cannot be part of a file name`],
    ['version', 'a\nb', `the container's version "a\\nb" cannot be part of a file name`],
  ])('refuses a %s of %j', (part, value, message) => {
    expect(() => artifactFileName({ ...usual, [part]: value })).toThrow(message);
  });
});

describe('parseRecord', () => {
  const record = {
    name: 'os',
    version: '1',
    platform: 'qemu',
    architecture: 'x86_64',
    format: 'qcow2',
    file: 'os-1-qemu.x86_64.qcow2',
    size: 5,
    sha256: '0'.repeat(64),
    container: { digest: `sha256:${'0'.repeat(64)}` as const, 'ostree-commit': '1'.repeat(64) },
    key: 'k',
  };

  it('reads what was written', () => {
    expect(parseRecord(formatRecord(record))).toEqual(record);
  });

  it.each(['', '{', '{}', '[]', formatRecord({ ...record, container: { ...record.container, digest: 'sha256:0' } })])(
    'takes %j for no record',
    (text) => {
      expect(parseRecord(text)).toBeUndefined();
    },
  );
});
