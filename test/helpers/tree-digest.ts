import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { start } from '../../src/exec/run.ts';
import { tools } from '../../src/exec/tools.ts';

/** A hash of a tree's names, owners, modes, attributes and content; not of times, which no tree of ostree keeps. */
export async function treeDigest(root: string): Promise<string> {
  const options = ['--sort=name', '--numeric-owner', '--format=posix', '--xattrs', '--xattrs-include=*'];
  const times = ['--mtime=@0', '--pax-option=delete=atime,delete=ctime'];
  const tar = await start(tools.tar, ['--create', `--directory=${root}`, ...options, ...times, '.']);
  tar.stdin.end();
  const hash = createHash('sha256');
  await pipeline(tar.stdout, hash);
  await tar.done;
  return hash.digest('hex');
}
