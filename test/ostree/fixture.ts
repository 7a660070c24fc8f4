import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import type { TarHeader } from '../../src/lib/tar/types.ts';
import { encodeEntry, endOfArchive, padding } from '../../src/lib/tar/writer.ts';

const isRoot = process.getuid?.() === 0;
/** cap_net_raw=ep in the 20-byte form that the kernel stores. */
export const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');

const xattr = (name: string, value: string | Buffer) => ({ name, value: Buffer.from(value) });

/** One of everything that an operating system's root has. Owners and capabilities only root can set. */
const entries: (Partial<TarHeader> & { path: string; content?: string })[] = [
  { type: 'directory', path: 'usr' },
  { type: 'directory', path: 'usr/bin' },
  { path: 'usr/bin/true', mode: 0o755, content: 'one program' },
  {
    path: 'usr/bin/arping',
    mode: 0o755,
    content: 'a program with a capability',
    xattrs: [xattr('security.capability', capability)],
  },
  { path: 'usr/bin/su', mode: 0o4755, content: 'a set-uid program' },
  { type: 'hardlink', path: 'usr/bin/false', linkTarget: 'usr/bin/true' },
  { type: 'symlink', path: 'usr/bin/sh', linkTarget: '../lib//dash', mode: 0o777 },
  { type: 'directory', path: 'usr/etc', xattrs: [xattr('user.zeta', 'z'), xattr('user.alpha', '')] },
  { path: 'usr/etc/shadow', mode: 0o640, gid: 42, content: 'root:*:::::::' },
  { type: 'directory', path: 'usr/etc/skel' },
  { type: 'directory', path: 'usr/lib' },
  { path: 'usr/lib/empty' },
  { path: 'usr/lib/other-empty' },
  { path: 'usr/lib/größe', content: 'x'.repeat(300_000), xattrs: [xattr('user.zeta', 'z'), xattr('user.alpha', '')] },
  { path: 'usr/lib/copy-of-true', mode: 0o755, content: 'one program' },
  { type: 'directory', path: `usr/lib/${'long-'.repeat(30)}` },
  { path: `usr/lib/${'long-'.repeat(30)}/${'name-'.repeat(20)}`, content: 'deep' },
  { type: 'directory', path: 'sysroot' },
  { type: 'symlink', path: 'ostree', linkTarget: 'sysroot/ostree', mode: 0o777 },
  { type: 'directory', path: 'tmp', mode: 0o1777 },
  { type: 'directory', path: 'var' },
];

/** Makes the tree below a new directory. */
export function makeTree(directory: string): void {
  mkdirSync(directory);
  const parts = entries.flatMap(({ content = '', ...entry }) => {
    const header: TarHeader = {
      type: 'file',
      linkTarget: '',
      mode: entry.type === 'directory' ? 0o755 : 0o644,
      uid: 0,
      gid: 0,
      mtime: 0,
      size: Buffer.byteLength(content),
      ...entry,
      xattrs: entry.xattrs?.filter(({ name }) => isRoot || name.startsWith('user.')) ?? [],
    };
    return [encodeEntry(header), Buffer.from(content), padding(header.size)];
  });
  const owner = isRoot ? [] : ['--no-same-owner'];
  execFileSync('tar', ['-x', '-p', '--xattrs', '--xattrs-include=*', ...owner], {
    cwd: directory,
    input: Buffer.concat([...parts, endOfArchive]),
  });
}

/** Runs the stock ostree program. */
export function ostree(...args: string[]): string {
  return execFileSync('ostree', args, { encoding: 'utf8' }).trim();
}

/** What `ostree commit` makes of the tree, with the metadata of {@link commitOptions}. */
export function ostreeCommit(repository: string, directory: string): string {
  const { subject, body, timestamp } = commitOptions;
  const fixed = ['--orphan', '--no-bindings', `--subject=${subject}`, `--body=${body}`, `--timestamp=@${timestamp}`];
  const metadata = ['--add-metadata=ostree.bootable=true', "--add-metadata=version='1.0'"];
  return ostree(`--repo=${repository}`, 'commit', `--tree=dir=${directory}`, ...fixed, ...metadata);
}

export const commitOptions = {
  subject: 'A subject',
  body: 'A body',
  timestamp: 1_700_000_000,
  metadata: { version: '1.0', 'ostree.bootable': true },
};
