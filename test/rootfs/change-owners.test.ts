import { link, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { changeOwners } from '../../src/rootfs/change-owners.ts';
import { modeOf, writeTree } from './support.ts';

// Root may give files to any group, others to one of theirs; who has but one sees that nothing changes.
const group = process.getgid?.() ?? 0;
const other = process.getuid?.() === 0 ? 12_345 : (process.getgroups?.().find((id) => id !== group) ?? group);
const swapped = new Map([
  [group, other],
  [other, group],
]);

async function change(root: string): Promise<void> {
  await changeOwners(root, new Map(), swapped, new AbortController().signal);
}

it('keeps the set-ID bits that a change of owner takes away', async () => {
  const root = await writeTree({ helper: { content: 'x', mode: 0o6755 }, directory: { directory: 0o2775 } });
  await change(root);
  expect((await lstat(join(root, 'helper'))).gid).toBe(other);
  expect(await modeOf(join(root, 'helper'))).toBe('6755');
  expect(await modeOf(join(root, 'directory'))).toBe('2775');
});

it('changes a file with two names once, and a link itself', async () => {
  const root = await writeTree({ a: '', link: { link: 'a' } });
  await link(join(root, 'a'), join(root, 'b'));
  await change(root);
  expect((await lstat(join(root, 'b'))).gid).toBe(other);
  expect((await lstat(join(root, 'link'))).gid).toBe(other);
  await change(root);
  expect((await lstat(join(root, 'a'))).gid).toBe(group);
});
