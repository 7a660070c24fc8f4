import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ProgramTime, timeProgramTree } from './measure.ts';

/** A repository of rpms, for peers. */
export interface RpmSource {
  url: string;
  /** The armoured key that signed its packages. */
  keyFile: string;
}

/** What a section of a `.repo` file says of a repository. */
export function sectionOf({ url, keyFile }: RpmSource): string {
  return `[bench]\nname=bench\nbaseurl=${url}\ngpgcheck=1\nenabled=1\ngpgkey=file://${keyFile}\n`;
}

/** What scripts need around them, and then dnf: by hand one would mount as much. */
const installing = `
root=$1
shift
mkdir -p "$root/dev" "$root/proc"
mount -t tmpfs tmpfs "$root/dev"
for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
  IFS=: read -r name major minor <<<"$device"
  mknod -m 666 "$root/dev/$name" c "$major" "$minor"
done
ln -s /proc/self/fd "$root/dev/fd"
mount -t proc proc "$root/proc"
exec dnf "$@"
`;

/**
 * Chooses, downloads and installs packages with dnf alone, as one does by hand.
 * @param directory keeps dnf's downloads from one call to the next
 */
export async function timeDnf(
  directory: string,
  source: RpmSource,
  packages: readonly string[],
): Promise<ProgramTime & { root: string }> {
  const home = join(directory, 'home');
  mkdirSync(home, { recursive: true });
  // /proc and /dev are mounted: their packages cannot have them.
  writeFileSync(join(home, '.rpmmacros'), '%_dbpath /usr/share/rpm\n%_netsharedpath /proc:/sys:/dev\n');
  const main = ['[main]', 'plugins=0', 'best=1', 'strict=1', 'install_weak_deps=0', 'tsflags=nodocs', 'keepcache=1'];
  writeFileSync(join(home, 'dnf.conf'), `${main.join('\n')}\n${sectionOf(source)}`);
  const root = mkdtempSync(join(directory, 'root-'));
  const cache = join(directory, 'downloads');
  mkdirSync(cache, { recursive: true });
  const options = [`--config=${home}/dnf.conf`, `--installroot=${root}`, '--releasever=13', '--assumeyes', '--quiet'];
  // A directory that is set on the command line is one of the host's.
  const places = ['--setopt=reposdir=/nonexistent', `--setopt=cachedir=${cache}`];
  const namespaces = ['--mount', '--pid', '--fork'];
  const shell = ['bash', '-ceu', installing, 'bash', root, ...options, ...places, 'install', ...packages];
  const environment = { PATH: process.env.PATH, HOME: home, LC_ALL: 'C.UTF-8', SOURCE_DATE_EPOCH: '1763640000' };
  const time = await timeProgramTree('unshare', [...namespaces, ...shell], { env: environment });
  return { ...time, root };
}
