import type { FilesystemWriter } from '../../../../src/disk/filesystems/filesystem.ts';
import type { DirectoryNode, TreeNode } from '../../../../src/disk/filesystems/tree.ts';
import { directory, file, store, symlink } from '../tree.ts';

export const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
export const label = Buffer.from('system_u:object_r:usr_t:s0\0');

const large = Buffer.from(Array.from({ length: 3 << 20 }, (_, index) => (index * 7) % 251));

/** The bytes of a file in {@link manyKinds}. */
export function contentOf(node: TreeNode): Buffer | undefined {
  if (node.kind !== 'file') return undefined;
  return Buffer.isBuffer(node.content) ? node.content : large;
}

/** A tree with some of each kind of entry. @param hasLabels labels are for root alone to set */
export function manyKinds(writer: FilesystemWriter, hasLabels: boolean): DirectoryNode {
  const stored = file(store(writer.create(large.length), large), { mtime: 0 });
  const labelled = hasLabels ? [{ name: 'security.selinux', value: label }] : [];
  const capable = file('ping', {
    mode: 0o755,
    uid: 1234,
    gid: 5678,
    xattrs: [{ name: 'security.capability', value: capability }, ...labelled],
  });
  const link = symlink('../target', { uid: 7, gid: 8 });
  const names = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`file ${index}`, file(`${index}`)]));
  return directory(
    {
      bin: directory({ ping: capable, 'hard link': capable, set: file('', { mode: 0o4755 }) }),
      large: stored,
      'über größe': directory({ 'a b\nc': file('x', { mtime: 5 }) }, { mtime: 3 }),
      link,
      'link to the link': link,
      many: directory(names),
      tmp: directory({}, { mode: 0o1777, xattrs: [{ name: 'user.note', value: Buffer.from([0, 1, 255]) }] }),
      deploy: directory({ C: directory({ usr: directory() }, { isImmutable: true, mode: 0o755 }) }),
      ['x'.repeat(255)]: file('long'),
    },
    { mtime: 1 },
  );
}
