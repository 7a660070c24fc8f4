import { chmod, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { digestTracked, type Tracked } from '../../../src/rootfs/initramfs/tracked.ts';
import { writeTree } from '../support.ts';

const nodes = { 'etc/a': '1', 'etc/dir/b': '2', 'etc/dir/sub/c': '3', lib: { link: 'etc' } };

describe('digestTracked', () => {
  async function changes(tracked: Tracked, change: (root: string) => Promise<unknown>): Promise<boolean> {
    const root = await writeTree(nodes);
    const before = await digestTracked(root, [tracked]);
    await change(root);
    return before !== (await digestTracked(root, [tracked]));
  }

  it.each([
    ['content', '/etc/a', 'etc/a', true],
    ['content', '/lib/a', 'etc/a', true],
    ['content', '/etc/a', 'etc/dir/b', false],
    ['content', '/etc/absent', 'etc/absent', true],
    ['content', '/etc/dir', 'etc/dir/b', false],
    ['names', '/etc/dir', 'etc/dir/b', false],
    ['names', '/etc/dir', 'etc/dir/sub/new', true],
    ['names', '/etc/dir', 'etc/new', false],
    ['contents', '/etc/dir', 'etc/dir/sub/c', true],
    ['contents', '/lib/dir', 'etc/dir/sub/c', true],
    ['contents', '/etc/new', 'etc/new', true],
  ] as const)('%s of %s when %s is written: %s', async (what, path, written, expected) => {
    expect(await changes({ what, path }, (root) => writeFile(join(root, written), 'changed'))).toBe(expected);
  });

  it('sees modes, and what a link points to', async () => {
    const file = { what: 'content', path: '/etc/a' } as const;
    expect(await changes(file, (root) => chmod(join(root, 'etc/a'), 0o600))).toBe(true);
    const relink = async (root: string) => {
      await rm(join(root, 'lib'));
      await symlink('etc/dir', join(root, 'lib'));
    };
    expect(await changes({ what: 'content', path: '/lib' }, relink)).toBe(true);
    expect(await changes({ what: 'names', path: '/' }, relink)).toBe(true);
  });

  it('does not depend on where the root lies', async () => {
    const list = [
      { what: 'contents', path: '/etc' },
      { what: 'content', path: '/lib' },
    ] as const;
    expect(await digestTracked(await writeTree(nodes), list)).toBe(await digestTracked(await writeTree(nodes), list));
  });
});
