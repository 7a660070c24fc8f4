import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import { start } from '../../src/exec/run.ts';
import { readTar, type TarEntry } from '../../src/lib/tar/reader.ts';

const dpkgDeb = {
  name: 'dpkg-deb',
  packages: { deb: 'dpkg', rpm: 'dpkg' },
  purpose: 'unpacks the packages to convert',
};

/** A path that a package owns. */
export interface DebPath {
  /** Absolute, without a slash at its end. */
  path: string;
  type: TarEntry['type'];
  /** Permission bits. */
  mode: number;
  owner: string;
  group: string;
}

export interface DebTree {
  paths: DebPath[];
  /** Debian's changelog, or none if it is in another package's directory. */
  changelog: string | undefined;
}

const mostChangelogBytes = 1 << 24;

/** Unpacks the files of a package as a tar file, and lists them. */
export async function readDebTree(deb: string, name: string, tarFile: string): Promise<DebTree> {
  const unpacking = await start(dpkgDeb, ['--fsys-tarfile', deb]);
  unpacking.stdin.end();
  await pipeline(unpacking.stdout, createWriteStream(tarFile));
  await unpacking.done;
  const paths: DebPath[] = [];
  const changelogs = new Map<string, Buffer>();
  for await (const entry of readTar(createReadStream(tarFile))) {
    const path = `/${entry.path.replace(/^(\.?\/)+/, '').replace(/\/$/, '')}`;
    if (path === '/') continue;
    const { user, group } = entry.owner;
    paths.push({ path, type: entry.type, mode: entry.mode, owner: user || 'root', group: group || 'root' });
    const file = path.startsWith(`/usr/share/doc/${name}/`) ? path.slice(path.lastIndexOf('/') + 1) : '';
    if (entry.type === 'file' && /^changelog(\.Debian)?\.gz$/.test(file)) {
      changelogs.set(file, gunzipSync(await entry.bytes(mostChangelogBytes)));
    }
  }
  // A native package has one only; elsewhere the other is upstream's.
  const changelog = changelogs.get('changelog.Debian.gz') ?? changelogs.get('changelog.gz');
  return { paths, changelog: changelog?.toString('utf8') };
}
