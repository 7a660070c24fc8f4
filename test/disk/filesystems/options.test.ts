import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../../src/disk/filesystems/options.ts';

const optionsKey = 'image.json: "rootfs-args"';
const permitted = new Map([
  ['-m', /^\d{1,2}$/],
  ['-O', /^[a-z0-9_^,]+$/],
]);

describe('parseOptions', () => {
  it.each([
    ['', []],
    ['  ', []],
    ['-m 1', ['-m', '1']],
    [' -m  1\t-O ^64bit,casefold ', ['-m', '1', '-O', '^64bit,casefold']],
  ])('splits %j', (text, words) => {
    expect(parseOptions('ext4', { options: text, optionsKey }, permitted)).toEqual(words);
  });

  it.each([
    ['-d /etc', '-d /etc'],
    ['-m', '-m'],
    ['-m 100', '-m 100'],
    ['1', '1'],
    ['-m 1 -E offset=0', '-E offset=0'],
    ['-O a;b', '-O a;b'],
  ])('refuses %j', (text, named) => {
    expect(() => parseOptions('ext4', { options: text, optionsKey }, permitted)).toThrow(
      expect.objectContaining({
        code: 'FILESYSTEM_OPTION',
        exitStatus: 2,
        message: `image.json: "rootfs-args" has "${named}", which is not permitted for ext4`,
        hint: 'permitted, each with a value: -m -O',
      }),
    );
  });
});
