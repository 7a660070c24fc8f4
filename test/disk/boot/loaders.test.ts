import { expect, it } from 'vitest';
import { findLoaders } from '../../../src/disk/boot/loaders.ts';
import { commitDirectories } from '../../helpers/commit-directories.ts';

const efi = '/usr/lib/coreos-assembler/boot/efi';

it('refuses more files than any EFI system partition has', () => {
  const paths = Array.from({ length: 10_001 }, (_, index) => `${efi}/EFI/${index % 10}/${index}`);
  const few = findLoaders(commitDirectories(paths.slice(1)).root, 'x86_64', false);
  expect(few.esp).toHaveLength(10_000);
  expect(() => findLoaders(commitDirectories(paths).root, 'x86_64', false)).toThrow(
    expect.objectContaining({ code: 'CONTAINER_PATH', message: `${efi} in the container holds more than 10000 files` }),
  );
});
