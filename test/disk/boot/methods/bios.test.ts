import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeBiosLoader } from '../../../../src/disk/boot/methods/bios.ts';

const partition = { offset: 1 << 20, size: 1 << 20, firstSector: 2048 };
const bootImage = Buffer.alloc(512, 0x90);
bootImage.writeUInt16LE(0xaa55, 510);

describe('placeBiosLoader', () => {
  it('points the boot code at the core image, and that at its own rest', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1024, max: 1 << 20 }), (size) => {
        const { bootCode, core } = placeBiosLoader({ bootImage, coreImage: Buffer.alloc(size, 0x41) }, partition);
        expect(bootCode.length).toBe(440);
        expect(bootCode.readBigUInt64LE(0x5c)).toBe(2048n);
        expect(core.length % 512).toBe(0);
        expect(core.readBigUInt64LE(0x1f4)).toBe(2049n);
        expect(core.readUInt16LE(0x1fc) * 512).toBe(core.length - 512);
        expect(core.readUInt16LE(0x1fe)).toBe(0x820);
        expect(core.subarray(512, size).every((byte) => byte === 0x41)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it.each([
    [
      'a short boot.img',
      Buffer.alloc(511),
      Buffer.alloc(4096),
      "the container's boot.img is not a boot sector of GRUB",
    ],
    [
      'no boot signature',
      Buffer.alloc(512),
      Buffer.alloc(4096),
      "the container's boot.img is not a boot sector of GRUB",
    ],
    [
      'an empty core.img',
      bootImage,
      Buffer.alloc(0),
      "the container's core.img has 0 bytes; 1 KiB to 1024 KiB fit the BIOS boot partition",
    ],
    [
      'a large core.img',
      bootImage,
      Buffer.alloc((1 << 20) + 1),
      "the container's core.img has 1048577 bytes; 1 KiB to 1024 KiB fit the BIOS boot partition",
    ],
  ])('refuses %s', (_, boot, core, message) => {
    expect(() => placeBiosLoader({ bootImage: boot, coreImage: core }, partition)).toThrow(
      expect.objectContaining({ code: 'BOOT_IMAGE_INVALID', exitStatus: 4, message }),
    );
  });
});
