import { describe, expect, it } from 'vitest';
import { diskConfigSchema } from '../../../src/contract/image-config.ts';
import { compressors } from '../../../src/disk/compressors.ts';
import { imageForm } from '../../../src/disk/platforms/image-form.ts';
import { architecturesOf, findPlatform, platforms } from '../../../src/disk/platforms.ts';
import { compressorFor, needsImageConfig, platformsOf, requirePlatforms } from '../../../src/flows/image/choices.ts';

const x86 = { architecture: 'x86_64' } as const;
const arm = { architecture: 'aarch64' } as const;
const config = (values: object) => diskConfigSchema.parse(values);
const names = (chosen: readonly { name: string }[]) => chosen.map(({ name }) => name);

describe('platformsOf', () => {
  it('takes those that are named, each once, in the order named', () => {
    expect(names(platformsOf(['metal', 'qemu', 'metal'], x86, undefined))).toEqual(['metal', 'qemu']);
  });

  it('takes every one that the architecture has for "all"', () => {
    expect(platformsOf(['all'], x86, undefined)).toEqual(platforms);
    const chosen = platformsOf(['qemu', 'all'], arm, undefined);
    expect(chosen[0]?.name).toBe('qemu');
    expect(names(chosen).sort()).toEqual(
      names(platforms.filter((platform) => architecturesOf(platform).includes('aarch64'))),
    );
  });

  it('takes those of image.json where none is named', () => {
    expect(names(platformsOf([], x86, config({ platforms: ['gcp', 'metal'] })))).toEqual(['gcp', 'metal']);
    expect(platformsOf([], x86, config({ platforms: ['all'] }))).toEqual(platforms);
  });

  it.each([
    {
      named: [],
      values: {},
      code: 'PLATFORMS_MISSING',
      message: 'no platform is named, neither here nor in the image.json of the container',
      hint: 'name some: cosa image build qemu metal; or "all"; or list them as "platforms" in image.yaml',
    },
    {
      named: [],
      values: { platforms: ['meta'] },
      code: 'PLATFORM_UNKNOWN',
      message: '"meta" is not a platform that disk images can be made for',
      hint: 'did you mean "metal"?',
    },
    {
      named: ['vmware'],
      values: {},
      code: 'PLATFORM_ARCHITECTURE',
      message: 'vmware has machines of x86_64, and the container is for aarch64',
      hint: `for aarch64 there are: ${names(platforms.filter((platform) => architecturesOf(platform).includes('aarch64'))).join(', ')}`,
    },
  ])('refuses $named of $values: $code', ({ named, values, ...error }) => {
    expect(() => platformsOf(named, arm, config(values))).toThrow(expect.objectContaining({ ...error, exitStatus: 2 }));
  });
});

it('requirePlatforms knows platforms and "all", before anything is read', () => {
  expect(() => requirePlatforms(['qemu', 'all'])).not.toThrow();
  expect(() => requirePlatforms(['qemu', 'alll'])).toThrow(
    expect.objectContaining({ code: 'PLATFORM_UNKNOWN', hint: 'did you mean "all"?' }),
  );
});

describe('compressorFor', () => {
  const qemu = findPlatform('qemu');

  it('takes what is named', () => {
    for (const compressor of Object.values(compressors))
      expect(compressorFor(qemu, compressor.name, undefined)).toBe(compressor);
    expect(compressorFor(qemu, 'none', config({ compressor: 'xz' }))).toBeUndefined();
  });

  it('takes what image.json says for the platform, or else for all', () => {
    const settings = config({ compressor: 'xz', 'platform-compressor': { metal: 'gzip', azure: 'none' } });
    expect(compressorFor(qemu, 'auto', settings)?.name).toBe('xz');
    expect(compressorFor(findPlatform('metal'), 'auto', settings)?.name).toBe('gzip');
    expect(compressorFor(findPlatform('azure'), 'auto', settings)).toBeUndefined();
    expect(compressorFor(qemu, 'auto', config({}))?.name).toBe('gzip');
    expect(compressorFor(qemu, 'auto', config({ compressor: 'none' }))).toBeUndefined();
  });

  it('compresses nothing that is compressed inside', () => {
    const inside = platforms.filter(({ image }) => imageForm(image).isCompressed);
    expect(names(inside)).toEqual([
      'aws',
      'gcp',
      'kubevirt',
      'live-iso',
      'live-pxe',
      'nutanix',
      'virtualbox',
      'vmware',
    ]);
    for (const platform of inside) expect(compressorFor(platform, 'xz', undefined)).toBeUndefined();
  });

  it('needs image.json only where it decides', () => {
    expect(needsImageConfig(['qemu'], 'none')).toBe(false);
    expect(needsImageConfig([], 'none')).toBe(true);
    expect(needsImageConfig(['qemu'], 'auto')).toBe(true);
  });
});
