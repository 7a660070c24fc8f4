import { describe, expect, it } from 'vitest';
import { partitionRows } from '../../src/disk/partitions/table.ts';
import type { Platform } from '../../src/disk/platforms/platform.ts';
import { architecturesOf, findPlatform } from '../../src/disk/platforms.ts';

/** What holds for a platform, whatever it is. */
export function platformContract(platform: Platform): void {
  describe(platform.name, () => {
    it('is found by its name, and suggested for a misspelled one', () => {
      expect(findPlatform(platform.name)).toBe(platform);
      expect(() => findPlatform(`${platform.name}z`)).toThrow(
        expect.objectContaining({ hint: expect.stringContaining(`did you mean "${platform.name}"`) }),
      );
    });

    it('has a name that is safe in file names and on kernel command lines, and says what it is', () => {
      expect(platform.name).toMatch(/^[a-z][a-z0-9]*(-[a-z]+)*$/);
      expect(platform.title).toMatch(/^\S.{3,58}\S$/);
      expect(platform.ignition.id).toMatch(/^[a-z][a-z0-9]*$/);
    });

    it('says how to start it, one command after the other', () => {
      expect(platform.start.length).toBeGreaterThan(0);
      for (const { does, run } of platform.start) {
        expect(does).toMatch(/^[A-Z].*[^.]$/);
        // A boot loader's configuration may have lines that cannot be broken.
        for (const line of run?.split('\n') ?? []) expect(line).toMatch(/^[ -~]{1,160}$/);
      }
      const text = platform.start.map(({ does, run }) => `${does} ${run}`).join('\n');
      expect(text).toMatch(/IMAGE|upload it|the three files/);
    });

    it('has machines that disks can be made for', () => {
      const architectures = architecturesOf(platform);
      expect(architectures.length).toBeGreaterThan(0);
      for (const name of architectures) expect(partitionRows(name).length).toBeGreaterThan(0);
    });

    describe.each(architecturesOf(platform))('%s', (architecture) => {
      const { kernel_arguments: kernelArguments, grub_commands: grubCommands } = platform.consoles[architecture] ?? {
        kernel_arguments: [],
        grub_commands: [],
      };

      it('has consoles for the kernel, and nothing else', () => {
        for (const argument of kernelArguments)
          expect(argument).toMatch(/^console=(tty\d|tty(S|AMA)\d,115200n8|ttyS\d|hvc\d)$/);
        expect(new Set(kernelArguments).size).toBe(kernelArguments.length);
      });

      it('has consoles for GRUB, which are set up before they are used', () => {
        for (const command of grubCommands) {
          expect(command).toMatch(
            /^(serial --speed=\d+( efi0)?|terminal_(input|output)( (serial|serial_efi0|console))+)$/,
          );
        }
        if (grubCommands.length > 0) expect(grubCommands[0]).toMatch(/^serial /);
      });
    });
  });
}
