import { describe, expect, it } from 'vitest';
import { areasDocument, kernelArgumentArea } from '../../../src/disk/live/kernel-argument-area.ts';

describe('the area for kernel arguments', () => {
  it.each([
    ['without arguments', 0, 1024],
    ['with a few', 80, 1024],
    ['with as many as leave it its full room', 1024, 1024],
    ['with more', 1025, 1023],
    ['with as many as may be', 1792, 256],
  ])('has room %s', (_, characters, signs) => {
    const given = 'a'.repeat(characters);
    const { text, size } = kernelArgumentArea(given);
    expect(text).toBe(`${given}\n${'#'.repeat(signs)} COREOS_KARG_EMBED_AREA\n`);
    // The last sign stays: without it a boot loader would run the name.
    expect(text.slice(size)).toBe('# COREOS_KARG_EMBED_AREA\n');
    // coreos-installer refuses larger ones.
    expect(size).toBeLessThanOrEqual(2048);
  });

  it.each([1793, 3000])('is refused for %d characters', (characters) => {
    expect(() => kernelArgumentArea('a'.repeat(characters))).toThrow(
      expect.objectContaining({
        code: 'KERNEL_ARGUMENTS_LENGTH',
        exitStatus: 4,
        message: `the kernel's arguments have ${characters} characters, and live media have room for 1792`,
      }),
    );
  });

  it('is described as coreos-installer reads it', () => {
    const area = kernelArgumentArea('quiet');
    expect(areasDocument('quiet', area, [{ path: 'boot/grub/grub.cfg', offset: 17 }])).toEqual({
      default: 'quiet',
      files: [{ path: 'boot/grub/grub.cfg', offset: 17, pad: '#', end: '\n' }],
      size: 5 + 1 + 1023,
    });
  });
});
