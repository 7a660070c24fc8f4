import { describe, expect, it } from 'vitest';
import { ext4 } from '../../../../src/disk/filesystems/ext4.ts';
import type { DirectoryNode, TreeNode } from '../../../../src/disk/filesystems/tree.ts';
import { rangesOutput } from '../../../../src/disk/output.ts';
import { directory, file, symlink } from '../tree.ts';
import { makeRanges, request } from './image.ts';

describe('what ext4 refuses', () => {
  const xattr = (name: string, length = 1) => ({ xattrs: [{ name, value: Buffer.alloc(length, 1) }] });
  const names = (count: number, node: TreeNode) =>
    directory(
      {},
      { entries: new Map(Array.from({ length: count }, (_, index) => [`${index}`.padStart(5, '0'), node])) },
    );
  const raw = (name: string) => directory({}, { entries: new Map([[name, file('')]]) });
  const badName = 'has a name that is not 1 to 255 bytes without slash and zero';
  const badTarget = 'is a symbolic link whose target is not 1 to 4095 bytes without zero';

  it.each<[string, DirectoryNode]>([
    [`/d/ cannot be stored in ext4: it ${badName}`, directory({ d: raw('') })],
    [`/d/. cannot be stored in ext4: it ${badName}`, directory({ d: raw('.') })],
    [`/.. cannot be stored in ext4: it ${badName}`, raw('..')],
    [`/a/b cannot be stored in ext4: it ${badName}`, raw('a/b')],
    [`/a\\x00 cannot be stored in ext4: it ${badName}`, raw('a\0')],
    [`/${'\\xff'.repeat(256)} cannot be stored in ext4: it ${badName}`, raw('\xff'.repeat(256))],
    [`/a cannot be stored in ext4: it ${badTarget}`, directory({ a: symlink('') })],
    [`/a cannot be stored in ext4: it ${badTarget}`, directory({ a: symlink('x'.repeat(4096)) })],
    [`/a cannot be stored in ext4: it ${badTarget}`, directory({ a: symlink('x\0') })],
    ['/00000 cannot be stored in ext4: it has more than 65000 hard links', names(65_001, file(''))],
    [
      '/lost+found cannot be stored in ext4: it is a directory of the filesystem itself',
      directory({ 'lost+found': file('') }),
    ],
    [
      '/ cannot be stored in ext4: it has the extended attribute "system.data", which ext4 does not store',
      directory({}, xattr('system.data')),
    ],
    [
      '/a cannot be stored in ext4: it has the extended attribute "user.", which ext4 does not store',
      directory({ a: file('', xattr('user.')) }),
    ],
    [
      `/a cannot be stored in ext4: it has the extended attribute "user.${'x'.repeat(256)}", which ext4 does not store`,
      directory({ a: file('', xattr(`user.${'x'.repeat(256)}`)) }),
    ],
    [
      '/a cannot be stored in ext4: it has 4164 bytes of extended attributes beside its inode; 4096 fit',
      directory({ a: file('', xattr('user.x', 4108)) }),
    ],
    [
      '/a cannot be stored in ext4: it has a system.posix_acl_access that is no access control list',
      directory({ a: file('', xattr('system.posix_acl_access', 12)) }),
    ],
    [
      '/a cannot be stored in ext4: it has an extended attribute twice',
      directory({ a: file('', { xattrs: [...xattr('user.x').xattrs, ...xattr('user.x', 2).xattrs] }) }),
    ],
  ])('%s', async (message, tree) => {
    await expect(makeRanges(tree)).rejects.toThrow(expect.objectContaining({ code: 'FILESYSTEM_ENTRY', message }));
  });

  it.each([
    ['-m', '-m'],
    ['-m 51', '-m 51'],
    ['-m -1', '-m -1'],
    ['-i 8191', '-i 8191'],
    ['-i 4194305', '-i 4194305'],
    ['-m 1 -i 0x4000', '-i 0x4000'],
    ['-N 100', '-N 100'],
    ['-O ^has_journal', '-O ^has_journal'],
    ['-d /etc', '-d /etc'],
    ['1', '1'],
  ])('options %j', async (options, named) => {
    await expect(ext4.begin(request({ output: rangesOutput(), options }))).rejects.toThrow(
      expect.objectContaining({
        code: 'FILESYSTEM_OPTION',
        exitStatus: 2,
        message: `image.json: "rootfs-args" has "${named}", which is not permitted for ext4`,
        hint: 'permitted, each with a value: -m -i',
      }),
    );
  });

  it('a label that is too long', async () => {
    await expect(ext4.begin(request({ output: rangesOutput(), label: 'ä'.repeat(9) }))).rejects.toThrow(
      expect.objectContaining({
        code: 'FILESYSTEM_LABEL',
        exitStatus: 2,
        message: 'the label "äääääääää" has more than 16 bytes',
      }),
    );
  });

  it('to go on once the signal says so', async () => {
    const signal = AbortSignal.abort(new Error('stop'));
    await expect(makeRanges(directory(), { signal })).rejects.toThrow('stop');
  });

  it('what only a mistake of the caller can be', async () => {
    const twice = directory();
    await expect(makeRanges(directory({ a: twice, b: twice }))).rejects.toThrow('a directory with two names: /a');
    await expect(
      makeRanges((writer) => {
        const content = writer.reserve(5);
        return directory({ a: file(content), b: file(content) });
      }),
    ).rejects.toThrow('a content that is not stored here, or belongs to two files');
    await expect(
      makeRanges((writer) => {
        writer.create(5);
        return directory();
      }),
    ).rejects.toThrow('1 contents are not closed');
  });
});
