// All packages of a repository in a directory, installed by us and by dnf as one runs it by hand: with /proc and a few
// devices, without network. Nothing is downloaded by either. In turns.
// Usage: tsx bench/install-rpms.ts DIRECTORY [ROUNDS]; scripts/run-rpms-from-debs.ts makes such a directory. As root.

import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { comparePackages, formatLockfile, type LockedPackage, type Lockfile } from '../src/contract/lockfile.ts';
import { digestFile, digestHex } from '../src/lib/digest.ts';
import { fullVersion, readRpmHeader, sourceName } from '../src/packages/rpm/header.ts';
import { least, type ProgramTime, reportBeside, timeProgramTree } from './measure.ts';

const goal = 1.1;
const repository = resolve(process.argv[2] ?? '.');
const rounds = Number(process.argv[3] ?? '1');
const work = await mkdtemp(join(tmpdir(), 'cosa-bench-'));
const cache = join(work, 'cache');

async function lockOf(directory: string): Promise<Lockfile> {
  await mkdir(join(cache, 'packages'), { recursive: true });
  const packages: LockedPackage[] = [];
  for (const path of (await readdir(directory)).filter((name) => name.endsWith('.rpm'))) {
    const file = join(directory, path);
    const header = await readRpmHeader(file);
    const { digest, size } = await digestFile(file);
    const sha256 = digestHex(digest);
    await copyFile(file, join(cache, 'packages', `${sha256}.rpm`));
    const { name, architecture } = header;
    const [version, source] = [fullVersion(header), sourceName(header)];
    packages.push({ name, version, architecture, source, sha256, size, repository: 'bench', path });
  }
  return { family: 'rpm', basearch: 'x86_64', packages: packages.sort(comparePackages), repositoryTimestamp: 0 };
}

const settings = `[main]
reposdir=${work}/repositories
cachedir=${work}/dnf
plugins=0
gpgcheck=0
best=1
install_weak_deps=0
tsflags=nodocs
`;
const byHand = `set -eu
root=$1 work=$2
mkdir -p "$root/dev" "$root/proc" "$work/home"
for name in null zero random urandom; do
  touch "$root/dev/$name"
  mount --bind "/dev/$name" "$root/dev/$name"
done
mount -t proc proc "$root/proc"
printf '%s\\n' '%_netsharedpath /proc:/sys:/dev' '%_dbpath /usr/share/rpm' > "$work/home/.rpmmacros"
exec env -i HOME="$work/home" PATH="$PATH" SOURCE_DATE_EPOCH=1764000000 \\
  dnf -y -q -c "$work/dnf.conf" --installroot="$root" --releasever=1 install '*' > "$work/dnf.log" 2>&1`;

try {
  const lock = await lockOf(repository);
  await writeFile(join(work, 'lock.json'), formatLockfile(lock));
  await mkdir(join(work, 'repositories'));
  await writeFile(join(work, 'dnf.conf'), settings);
  await writeFile(join(work, 'repositories/bench.repo'), `[bench]\nname=bench\nbaseurl=file://${repository}\n`);
  const root = join(work, 'root');
  const once = ['tsx', join(import.meta.dirname, 'install-rpms-once.ts'), cache, join(work, 'lock.json'), root];
  const dnf = ['--mount', '--net', '--pid', '--fork', 'sh', '-c', byHand, 'sh', root, work];
  const times: { ours: ProgramTime[]; dnf: ProgramTime[] } = { ours: [], dnf: [] };
  // What is kept from one build to the next is there: the first one makes the directory of the tools.
  for (let round = 0; round <= rounds; round++) {
    const ours = await timeProgramTree('npx', once);
    await rm(root, { recursive: true });
    if (round === 0) continue;
    times.ours.push(ours);
    times.dnf.push(await timeProgramTree('unshare', dnf));
    await rm(root, { recursive: true });
  }
  const what = `${lock.packages.length} packages installed : dnf --installroot`;
  reportBeside(what, least(times.ours), least(times.dnf), { wall: goal, processor: goal });
} finally {
  await rm(work, { recursive: true, force: true });
}
