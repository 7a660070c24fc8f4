import type { CommitDirectory } from '../../src/ostree/unpack/directories.ts';
import type { UnpackedImage } from './unpack-in-memory.ts';

/**
 * One line for each path of a commit: type, mode, owner, xattrs, target or content; of directories without the content.
 * Contents are those that came, by the names of their objects.
 */
export function listCommit({ commit, contents }: UnpackedImage): Record<string, string> {
  const byChecksum = new Map(contents.map((content) => [content.checksum, content]));
  const lines: Record<string, string> = {};
  const own = ({ mode, uid, gid, xattrs }: Pick<CommitDirectory, 'mode' | 'uid' | 'gid' | 'xattrs'>) =>
    [
      mode.toString(8),
      `${uid}:${gid}`,
      ...xattrs.map(({ name, value }) => `${name}=${Buffer.from(value).toString('hex')}`),
    ].join(' ');
  function visit(directory: CommitDirectory, path: string): void {
    lines[path === '' ? '/' : path] = `directory ${own(directory)}`;
    for (const [name, below] of directory.directories) visit(below, `${path}/${name}`);
    for (const [name, checksum] of directory.files) {
      const content = byChecksum.get(checksum);
      if (content === undefined) throw new Error(`${path}/${name} has no content`);
      const what = content.kind === 'symlink' ? `-> ${content.symlinkTarget}` : JSON.stringify(String(content.bytes));
      lines[`${path}/${name}`] = `${content.kind} ${own(content)} ${what}`;
    }
  }
  visit(commit.root, '');
  return lines;
}
