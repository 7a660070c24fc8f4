import { expect, it } from 'vitest';
import { nearest } from '../../src/lib/nearest.ts';

it('finds what was meant, nearest first', () => {
  expect(nearest('packges', ['packages', 'postprocess', 'package'], 2)).toEqual(['packages', 'package']);
  expect(nearest('QEMU', ['qemu', 'metal'])).toEqual(['qemu']);
});

it('finds nothing where nothing is near', () => {
  expect(nearest('xyzzy', ['packages', 'repos'])).toEqual([]);
  expect(nearest('rm', ['run', 'tag'])).toEqual([]);
  expect(nearest('nosuchpackage', ['node-package'])).toEqual([]);
});
