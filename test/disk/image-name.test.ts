import { describe, expect, it } from 'vitest';
import { imageFileName } from '../../src/disk/image-name.ts';

const container = { name: 'os', version: '13.20260101.0', architecture: 'aarch64' } as const;
const parts = { platform: 'metal4k', extension: 'raw' };

describe('imageFileName', () => {
  it('names container, platform, architecture and format', () => {
    expect(imageFileName(container, parts)).toBe('os-13.20260101.0-metal4k.aarch64.raw');
  });

  it('refuses names that are too long together for a file', () => {
    const long = { ...container, name: 'n'.repeat(100), version: 'v'.repeat(100) };
    const message = "the container's name and version have 200 characters together, too many for a file name";
    expect(() => imageFileName(long, parts)).toThrow(expect.objectContaining({ code: 'NAME_INVALID', message }));
    expect(imageFileName({ ...long, version: 'v'.repeat(50) }, parts)).toHaveLength(171);
  });

  it.each([
    ['name', '../x', `the container's name "../x" cannot be part of a file name`],
    ['name', '', `the container's name "" cannot be part of a file name`],
    ['name', 'a'.repeat(200), `the container's name "${'a'.repeat(200)}" cannot be part of a file name`],
    ['version', '1/2', `the container's version "1/2" cannot be part of a file name`],
    ['version', '.1', `the container's version ".1" cannot be part of a file name`],
    ['version', 'a\nb', `the container's version "a\\nb" cannot be part of a file name`],
    ['version', '\u001b[2J', `the container's version "\\u001b[2J" cannot be part of a file name`],
  ])('refuses a %s of %j', (part, value, message) => {
    expect(() => imageFileName({ ...container, [part]: value }, parts)).toThrow(
      expect.objectContaining({ code: 'NAME_INVALID', message, exitStatus: 4 }),
    );
  });
});
