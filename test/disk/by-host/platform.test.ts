import { describe, expect, it } from 'vitest';
import { diskConfigSchema } from '../../../src/contract/image-config.ts';
import { artifactFileName } from '../../../src/disk/by-host/artifact.ts';
import { kernelOptions } from '../../../src/disk/by-host/kernel-arguments.ts';
import { planDisk } from '../../../src/disk/by-host/layout.ts';
import { findPlatform, platforms } from '../../../src/disk/by-host/platforms/index.ts';
import { digestOf } from '../../../src/lib/digest.ts';

// What holds for every platform, present and future.

const config = diskConfigSchema.parse({ rootfs: 'ext4', 'extra-kargs': ['quiet'] });

it('lists platforms sorted, each once', () => {
  const names = platforms.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)].sort());
});

describe.each(platforms.map((platform) => ({ platform })))('$platform.name', ({ platform }) => {
  it('is found by its name, and suggested for a misspelled one', () => {
    expect(findPlatform(platform.name)).toBe(platform);
    expect(() => findPlatform(`${platform.name}z`)).toThrow(
      expect.objectContaining({ hint: `did you mean "${platform.name}"?` }),
    );
  });

  it('has a name that is safe in file names and kernel arguments, and says what it is', () => {
    expect(platform.name).toMatch(/^[a-z][a-z0-9]*$/);
    expect(platform.title).not.toBe('');
    const name = artifactFileName({
      name: 'os',
      version: '1.0',
      architecture: 'x86_64',
      platform,
      compressor: undefined,
    });
    expect(name).toBe(`os-1.0-${platform.name}.x86_64.${platform.format.extension}`);
  });

  it.each([1, 10, 100])('has a disk of whole sectors with room for all partitions, for size %i', (size) => {
    const bytes = platform.diskSize(size);
    expect(bytes % platform.sectorSize).toBe(0);
    const layout = planDisk(digestOf('container'), platform.sectorSize, bytes);
    expect(layout.partition('root').size).toBeGreaterThan(0);
  });

  it('can be started, by BIOS only where the sectors are BIOS’s', () => {
    expect(platform.firmware.length).toBeGreaterThan(0);
    if (platform.sectorSize !== 512) expect(platform.firmware).not.toContain('bios');
  });

  it('tells Ignition where it runs, and leaves the first boot to GRUB', () => {
    const options = kernelOptions('ostree=/ostree/boot.1/os/abc/0', platform, config, platform.console).split(' ');
    expect(options).toContain(`ignition.platform.id=${platform.name}`);
    expect(options).toContain('$ignition_firstboot');
    expect(options).toContain('quiet');
    expect(options.at(-1)).toBe('ostree=/ostree/boot.1/os/abc/0');
    expect(new Set(options).size).toBe(options.length);
  });

  it('takes its console from platforms.json where that has one', () => {
    const settings = { grub_commands: [], kernel_arguments: ['console=hvc0'] };
    const options = kernelOptions('ostree=x', platform, config, settings).split(' ');
    expect(options.filter((option) => option.startsWith('console='))).toEqual(['console=hvc0']);
  });
});
