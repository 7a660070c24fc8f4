import { expect, it } from 'vitest';
import { measureTree } from '../../../../src/disk/filesystems/by-program/measure.ts';
import { directory, symlink } from '../tree.ts';

it('measures a directory of as many entries as a container may have', () => {
  const tree = directory();
  for (let index = 0; index < 150_000; index++) tree.entries.set(String(index), symlink('target'));
  expect(measureTree(tree)).toEqual({ contentBytes: 0, inodes: 150_001, names: 150_000, needsRealRoot: false });
});
