import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ByteString, DirectoryNode, TreeNode } from '../../../../src/disk/filesystems/tree.ts';
import { run } from '../../../../src/exec/run.ts';
import { sha256Hex } from '../../../../src/lib/digest.ts';
import { withMounted } from '../../../helpers/mounted.ts';
import { ask, debugfs } from './image.ts';

/** What programs see of one name, as lines of text. */
export type Seen = Map<ByteString, string>;

interface Fields {
  kind: TreeNode['kind'];
  mode: number;
  uid: number;
  gid: number;
  mtime: number | bigint;
  links: number;
  content: string;
}

/** Only what a copy of a filesystem keeps: a copy that was made by any user, without hard links. */
export type Depth = 'all' | 'content';

function line({ kind, mode, uid, gid, mtime, links, content }: Fields, depth: Depth): string {
  const all = `${mode.toString(8)} ${uid}:${gid} ${mtime} links ${links}`;
  return `${kind} ${content}${depth === 'all' ? ` ${all}` : ''}`;
}

/** Sums long contents, so that a difference can be read. */
function shown(bytes: Buffer): string {
  return bytes.length > 60 ? `${bytes.length} ${sha256Hex(bytes)}` : bytes.toString('latin1');
}

/** What must be seen of a tree. @param contents bytes of those that were stored before */
export function expected(root: DirectoryNode, contents: ReadonlyMap<object, Buffer>, depth: Depth): Seen {
  const links = new Map<TreeNode, number>();
  const paths: [ByteString, TreeNode][] = [];
  const walk = (directory: DirectoryNode, path: ByteString) => {
    for (const [name, node] of directory.entries) {
      paths.push([`${path}/${name}`, node]);
      links.set(node, (links.get(node) ?? 0) + 1);
      if (node.kind === 'directory') walk(node, `${path}/${name}`);
    }
  };
  walk(root, '');
  return new Map(
    paths.map(([path, node]) => {
      const fields = { ...node, links: links.get(node) ?? 0, content: '' };
      if (node.kind === 'symlink') fields.content = shown(Buffer.from(node.target, 'latin1'));
      if (node.kind === 'file') fields.content = shown(contents.get(node) ?? Buffer.alloc(0));
      if (node.kind === 'directory') {
        fields.links = 2 + [...node.entries.values()].filter(({ kind }) => kind === 'directory').length;
      }
      return [path, line(fields, depth)];
    }),
  );
}

/** What is seen below a directory of this machine; what the filesystem has for itself is left out. */
function seen(root: string, depth: Depth): Seen {
  const found: Seen = new Map();
  const walk = (host: Buffer, path: ByteString) => {
    for (const name of readdirSync(host, { encoding: 'buffer' })) {
      const child = Buffer.concat([host, Buffer.from('/'), name]);
      const childPath = `${path}/${name.toString('latin1')}`;
      if (childPath === '/lost+found') continue;
      const stats = lstatSync(child, { bigint: true });
      const kind = stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'symlink' : 'file';
      const content =
        kind === 'file' ? readFileSync(child) : kind === 'symlink' ? readlinkSync(child, 'buffer') : Buffer.alloc(0);
      const [mode, uid, gid] = [Number(stats.mode) & 0o7777, Number(stats.uid), Number(stats.gid)];
      const mtime = stats.mtimeNs / 1_000_000_000n;
      const fields = { kind, mode, uid, gid, mtime, links: Number(stats.nlink), content: shown(content) } as const;
      found.set(childPath, line(fields, depth));
      if (kind === 'directory') walk(child, childPath);
    }
  };
  walk(Buffer.from(root), '');
  return found;
}

/** Reads a filesystem with debugfs. */
async function seenByDebugfs(image: string): Promise<Seen> {
  const copy = await mkdtemp(join(tmpdir(), 'cosa-ext4-copy-'));
  try {
    await ask(image, `rdump / ${copy}`);
    return seen(copy, 'content');
  } finally {
    await rm(copy, { recursive: true });
  }
}

/** Who reads filesystems here: only root can mount them. */
export const readers: readonly { reader: string; depth: Depth; read: (image: string) => Promise<Seen> }[] = [
  { reader: 'debugfs', depth: 'content', read: seenByDebugfs },
  ...(process.getuid?.() === 0
    ? [
        {
          reader: 'the kernel',
          depth: 'all' as const,
          read: (image: string) => withMounted(image, (at) => seen(at, 'all')),
        },
      ]
    : []),
];

/** The extended attributes of files, as debugfs shows them: `user.name` and the value's bytes. */
export async function xattrsByDebugfs(
  image: string,
  wanted: readonly { inode: number; name: string }[],
): Promise<(Buffer | undefined)[]> {
  const input = wanted.map(({ inode, name }) => `ea_get -x <${inode}> ${name}\n`).join('');
  const { stdout } = await run(debugfs, ['-f', '-', image], { input });
  return stdout
    .split(/^debugfs: /m)
    .slice(1)
    .map((answer) => {
      const [, length, hex = ''] = /^\S+ \((\d+)\)(?: = ([0-9a-f ]*))?$/m.exec(answer) ?? [];
      return length === undefined ? undefined : Buffer.from(hex.replaceAll(' ', ''), 'hex');
    });
}
