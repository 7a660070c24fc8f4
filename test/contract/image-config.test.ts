import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { imageFileKeys, imageKeys } from '../../src/config/image-keys.ts';
import { mergeValues } from '../../src/config/merge.ts';
import { diskConfigSchema, imageConfigKeys } from '../../src/contract/image-config.ts';
import { platformsSchema } from '../../src/contract/platforms.ts';

describe('image.json', () => {
  it('has exactly the keys that a config may set', () => {
    expect(
      Object.keys(imageFileKeys)
        .filter((key) => key !== 'include')
        .sort(),
    ).toEqual(Object.keys(imageConfigKeys).sort());
  });

  it('is read with the defaults that are written', () => {
    const written = mergeValues(imageKeys, [{}]);
    const left: unknown = diskConfigSchema.parse({});
    expect(written).toMatchObject(left as object);
    expect(diskConfigSchema.parse(written)).toEqual(left);
  });

  it('takes what each default says for valid', () => {
    for (const key of Object.values(imageConfigKeys)) {
      if ('default' in key) expect((key.schema as z.ZodType).parse(key.default)).toEqual(key.default);
    }
  });

  it.each([
    ['extra-kargs', ['quiet\nlinux /other'], 'must be one line without control characters'],
    ['extra-kargs', [''], 'must not be empty'],
    ['size', 0, 'must be above 0'],
    ['size', 16385, 'must be at most 16384'],
    ['container-imgref', 'a\u007fb', 'must be one line without control characters'],
  ])('refuses %s: %j, in a config and in a container', (key, value, message) => {
    const { schema } = imageFileKeys[key as keyof typeof imageFileKeys].type;
    const issues = [schema, diskConfigSchema].map(
      (reader, index) => (reader as z.ZodType).safeParse(index === 0 ? value : { [key]: value }).error?.issues[0],
    );
    expect(issues.map((issue) => issue?.message)).toEqual([message, message]);
  });
});

it('platforms.json gives each platform all keys, and lets through what a newer version knows', () => {
  expect(platformsSchema.parse({ qemu: { kernel_arguments: ['a'], later: 1 } })).toEqual({
    qemu: { grub_commands: [], kernel_arguments: ['a'] },
  });
  expect(platformsSchema.safeParse({ qemu: { grub_commands: ['a\nb'] } }).error?.issues[0]?.message).toBe(
    'must be one line without control characters',
  );
});
