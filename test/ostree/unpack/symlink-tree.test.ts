import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { symlinkTree } from '../../../src/ostree/unpack/symlink-tree.ts';

const paths = fc
  .array(fc.constantFrom('a', 'b', 'bin'), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'));

describe('symlinkTree', () => {
  it('finds the links above a path, and no other', () => {
    fc.assert(
      fc.property(fc.array(paths, { maxLength: 6 }), paths, (links, path) => {
        const tree = symlinkTree();
        for (const link of links) tree.add(link);
        const parts = path.split('/');
        const above = parts.map((_part, index) => parts.slice(0, index).join('/')).find((part) => links.includes(part));
        expect(tree.above(path)).toBe(above);
        if (above === undefined) expect(tree.has(path)).toBe(links.includes(path));
      }),
    );
  });
});
