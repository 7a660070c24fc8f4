// Filesystems of live media: ours against the programs whose place they take, of the same files, at the same level, with
// two processors. Each is a process of its own, start-up included; ours has the image's sha256 besides.
// Usage: tsx bench/live-filesystem.ts [DIRECTORY]; without DIRECTORY, of a disk with part of /usr

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundleOutput, openBundle } from '../scripts/bundle.ts';
import { debianRoot } from '../test/helpers/debian-root.ts';
import { least, type ProgramTime, reportBeside, reportPeakMemory, timeProgram } from './measure.ts';

const goal = 1.2;
const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
const built = join(directory, 'dist');
const image = join(directory, 'image');

/** The same filesystem by us and by a program. */
interface Row {
  name: 'squashfs' | 'erofs';
  options: string;
  rounds: number;
  /** The program's name, and how it is called. */
  program: string;
  peer(tree: string): [string, ...string[]];
}

const squashfsRow = (options: string): Row => {
  const program = 'mksquashfs';
  const args = ['-processors', '2', '-noappend', '-quiet', '-no-progress', ...options.split(' ')];
  return { name: 'squashfs', options, rounds: 3, program, peer: (tree) => [program, tree, image, ...args] };
};

/** Debian 12's has no zstd. That of Debian 13 runs by its own loader. It takes a minute and a half: once is enough. */
async function erofsRow(options: string): Promise<Row> {
  const root = await debianRoot({ suite: 'trixie', packages: ['erofs-utils'], state: 'unpacked' });
  const loader = join(root, 'usr/lib64/ld-linux-x86-64.so.2');
  const libraries = ['--library-path', join(root, 'usr/lib/x86_64-linux-gnu')];
  const program = 'mkfs.erofs';
  const args = ['--workers=2', '--quiet', ...options.split(' ')];
  const peer: Row['peer'] = (tree) => [loader, ...libraries, join(root, 'usr/bin', program), ...args, image, tree];
  return { name: 'erofs', options, rounds: 1, program, peer };
}

const rows = [
  ...[6, 9, 15].map((level) => squashfsRow(`-comp zstd -Xcompression-level ${level}`)),
  await erofsRow('-zzstd,level=6 -C131072'),
];

/** A disk of 2 GiB, with 700 MB behind its first half GiB. */
const makeFiles = `mkdir -p "$1"/install/512
truncate --size=2G "$1"/root.img
tar -c -C /usr lib bin share 2>/dev/null | head -c 700M |
  dd of="$1"/root.img bs=1M seek=512 conv=notrunc iflag=fullblock status=none
echo 'size 2147483648' > "$1"/install/512/layout`;

async function measure({ name, options, rounds, program, peer }: Row, tree: string): Promise<number> {
  const times: { ours: ProgramTime[]; peer: ProgramTime[] } = { ours: [], peer: [] };
  const sizes = { ours: 0, peer: 0 };
  let peak = 0;
  const [command, ...args] = peer(tree);
  // In turns, so that whatever else the machine does falls on both.
  for (let round = 0; round < rounds; round++) {
    times.peer.push(await timeProgram(command, args));
    sizes.peer = sizeThenRemoved();
    times.ours.push(await timeProgram(process.execPath, [join(built, 'once.js'), tree, image, name, options]));
    peak = Math.max(peak, Number(readFileSync(`${image}.peak`, 'utf8')));
    sizes.ours = sizeThenRemoved();
  }
  const mebibytes = `${(sizes.ours / 2 ** 20).toFixed(1)} : ${(sizes.peer / 2 ** 20).toFixed(1)} MiB`;
  reportBeside(`${name} ${options}, ${mebibytes} : ${program}`, least(times.ours), least(times.peer), goal);
  return peak;
}

function sizeThenRemoved(): number {
  const { size } = statSync(image);
  rmSync(image);
  return size;
}

try {
  await using bundle = await openBundle({ once: join(import.meta.dirname, 'live-filesystem-once.ts') });
  await bundle.write({ ...bundleOutput, dir: built });
  symlinkSync(resolve(import.meta.dirname, '../node_modules'), join(directory, 'node_modules'));
  const tree = process.argv[2] ?? join(directory, 'files');
  if (process.argv[2] === undefined) {
    mkdirSync(tree);
    execFileSync('sh', ['-c', makeFiles, 'sh', tree], { stdio: 'inherit' });
  }
  let peak = 0;
  for (const row of rows) peak = Math.max(peak, await measure(row, tree));
  reportPeakMemory(300, peak);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
