import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DirectoryNode, StoredContent, TreeNode } from '../../src/disk/filesystems/tree.ts';
import { run } from '../../src/exec/run.ts';
import { type FoundEntry, findEntries } from '../../src/exec/tools/find.ts';
import { readXattrs } from '../../src/exec/tools/getfattr.ts';
import type { Tool } from '../../src/exec/tools.ts';
import { sha256Hex } from '../../src/lib/digest.ts';
import { sortByBytes } from '../../src/lib/order.ts';
import { asHost, debianRoot } from './debian-root.ts';

// What the ostree of the guest's own release makes of a commit, beside the tree that we put on disks. As root.

const unshare: Tool = {
  name: 'unshare',
  packages: { deb: 'util-linux', rpm: 'util-linux' },
  purpose: 'runs another Debian',
};
const chattr: Tool = {
  name: 'chattr',
  packages: { deb: 'e2fsprogs', rpm: 'e2fsprogs' },
  purpose: 'lets a deployment be removed',
};
const lsattr: Tool = { ...chattr, name: 'lsattr' };

/** `/boot` is a filesystem of its own, as on our disks: ostree copies the kernel then. */
const script = `
stateroot=$1 commit=$2
shift 2
ostree admin init-fs --modern sys
mount -t tmpfs -o mode=755 tmpfs sys/boot
ostree admin os-init --sysroot=sys "$stateroot"
printf '\\n[sysroot]\\nreadonly=true\\nbootloader=none\\n' >> sys/ostree/repo/config
ostree --repo=sys/ostree/repo "$@"
ostree admin deploy --sysroot=sys --os="$stateroot" --no-prune "$commit"
cp --archive sys/boot boot
`;

export interface RealDeployment {
  stateroot: string;
  commit: string;
  /** Arguments by which ostree gets the commit into its repository. */
  getCommit: readonly string[];
  /** A directory of the test's; everything is made in it. */
  scratch: string;
}

/** Deploys a commit with the ostree of Debian 13. @returns the directories of root and boot filesystem */
export async function deployWithOstree({ stateroot, commit, getCommit, scratch }: RealDeployment) {
  const packages = ['coreutils', 'dash', 'mount', 'ostree', 'perl-base'];
  const host = await debianRoot({ suite: 'trixie', packages, state: 'unpacked' });
  await mkdir(join(scratch, 'sys'));
  const command = ['sh', '-ceu', script, 'sh', stateroot, commit, ...getCommit];
  const environment = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LC_ALL=C.UTF-8'];
  await run(unshare, asHost(host, command, { directory: scratch, shared: [scratch], environment }));
  return { root: join(scratch, 'sys'), boot: join(scratch, 'boot') };
}

/** The paths below a directory that have the immutable flag, which is taken from them. */
export async function takeImmutable(directory: string): Promise<string[]> {
  const { stdout } = await run(lsattr, ['-R', '-a', '-p', directory]);
  const paths = stdout.split('\n').flatMap((line) => /^ *\d+ [-a-zA-Z]*i[-a-zA-Z]* (.*)$/.exec(line)?.[1] ?? []);
  const named = paths.filter((path) => !path.endsWith('/..')).map((path) => path.replace(/\/\.$/, ''));
  const found = sortByBytes(new Set(named));
  for (const path of found) await run(chattr, ['-i', path]);
  return found.map((path) => path.slice(directory.length));
}

/** One line for each path: type, mode, owner, xattrs, target or content, and the first of its names if it has several. */
export type Listing = Map<string, string>;

/** What lies in a directory, itself included. */
export async function listDirectory(directory: string): Promise<Listing> {
  const xattrs = await readXattrs(directory);
  const entries = (await findEntries(directory)).map((entry) => ({
    ...entry,
    path: entry.path === '/' ? '/' : entry.path,
  }));
  const first = firstNames(entries.map(({ path, inode, type }) => [path, type === 'directory' ? '' : inode] as const));
  const lines: Listing = new Map();
  for (const entry of entries) {
    const content = await contentOf(directory, entry);
    lines.set(entry.path, line(entry.type, entry, xattrs.get(entry.path) ?? [], content, first.get(entry.path)));
  }
  return lines;
}

async function contentOf(directory: string, { type, path, linkTarget }: FoundEntry): Promise<string> {
  if (type === 'symlink') return linkTarget;
  return type === 'file' ? sha256Hex(await readFile(join(directory, path))) : '';
}

/** The same of a tree in memory. */
export function listNodes(root: DirectoryNode, bytesOf: (content: StoredContent) => Buffer): Listing {
  const nodes: [path: string, node: TreeNode][] = [];
  function visit(path: string, node: TreeNode): void {
    nodes.push([path === '' ? '/' : path, node]);
    if (node.kind !== 'directory') return;
    for (const [name, below] of node.entries) visit(`${path}/${Buffer.from(name, 'latin1').toString()}`, below);
  }
  visit('', root);
  const identities = new Map([...new Set(nodes.map(([, node]) => node))].map((node, index) => [node, String(index)]));
  const first = firstNames(nodes.map(([path, node]) => [path, identities.get(node) ?? ''] as const));
  return new Map(
    nodes.map(([path, node]) => [
      path,
      line(node.kind, node, node.xattrs, nodeContent(node, bytesOf), first.get(path)),
    ]),
  );
}

function nodeContent(node: TreeNode, bytesOf: (content: StoredContent) => Buffer): string {
  if (node.kind === 'directory') return '';
  if (node.kind === 'symlink') return Buffer.from(node.target, 'latin1').toString();
  return sha256Hex(Buffer.isBuffer(node.content) ? node.content : bytesOf(node.content));
}

function firstNames(files: readonly (readonly [path: string, identity: string])[]): Map<string, string> {
  const names = new Map<string, string[]>();
  for (const [path, identity] of files) {
    if (identity !== '') names.set(identity, [...(names.get(identity) ?? []), path]);
  }
  const several = [...names.values()].filter(({ length }) => length > 1);
  return new Map(several.flatMap((paths) => paths.map((path) => [path, sortByBytes(paths)[0] ?? ''] as const)));
}

function line(
  kind: string,
  { mode, uid, gid }: { mode: number; uid: number; gid: number },
  xattrs: readonly { name: string; value: Uint8Array }[],
  content: string,
  first: string | undefined,
): string {
  const sorted = sortByBytes(xattrs.map(({ name, value }) => `${name}=${Buffer.from(value).toString('hex')}`));
  const parts = [kind, mode.toString(8), `${uid}:${gid}`, ...sorted, content, first === undefined ? '' : `= ${first}`];
  return parts.filter((part) => part !== '').join(' ');
}

/** Where two listings differ: each path with what it has here and there. */
export function differences(ours: Listing, theirs: Listing): Record<string, (string | undefined)[]> {
  const paths = sortByBytes(new Set([...ours.keys(), ...theirs.keys()]));
  return Object.fromEntries(
    paths
      .filter((path) => ours.get(path) !== theirs.get(path))
      .map((path) => [path, [ours.get(path), theirs.get(path)]]),
  );
}
