// Live media: an ISO whose base disks and root filesystem are kept, against cp of the files that it holds; and with only the
// base disks there, beside mksquashfs of the same files at the same level. In turns, with everything on the disk at the end.
// Usage: tsx bench/live.ts [REFERENCE]; without REFERENCE, of a synthetic operating system. With the program built: whole
// processes are measured.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheKinds } from '../src/cache/kinds.ts';
import {
  least,
  type ProgramTime,
  peakMemoryOf,
  report,
  reportBeside,
  reportPeakMemory,
  timeProgram,
} from './measure.ts';
import { makeSyntheticContainer } from './synthetic-container.ts';

const rounds = 3;
const goals = { iso: 1.5, compressed: 1.2 };
const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
const work = join(directory, 'work');
const output = join(directory, 'output');
/** What the ISO holds, and what its root filesystem holds. */
const [files, rootFiles] = [join(directory, 'files'), join(directory, 'root-files')];
const copy = join(directory, 'copy');
const program = fileURLToPath(new URL('../bin/cosa', import.meta.url));

/** Nothing is made while it is there. */
function forgetIso(): void {
  rmSync(output, { recursive: true, force: true });
}

function buildArguments(from: string): string[] {
  return ['image', 'build', 'live-iso', '--from', from, '--output', output, '--quiet'];
}

function forgetLiveRoot(): void {
  forgetIso();
  rmSync(join(work, 'cache', cacheKinds.liveRootfs.name), { recursive: true, force: true });
}

/** A program that leaves its bytes in the page cache, until they are on the disk. */
async function timeOnDisk(...command: readonly string[]): Promise<ProgramTime> {
  rmSync(copy, { recursive: true, force: true });
  return timeProgram('bash', ['-c', '"${@:2}" && find "$1" -type f -exec sync {} +', 'bash', copy, ...command]);
}

/** Everything once, so that what the turns read is there. @returns the ISO's path */
async function prepare(from: string): Promise<string> {
  for (const path of [work, files]) mkdirSync(path);
  writeFileSync(join(work, 'cosa.json'), JSON.stringify({ config: { source: '/config' } }));
  await timeProgram(program, buildArguments(from), work);
  const iso = join(output, readdirSync(output).find((name) => name.endsWith('.iso')) ?? '');
  execFileSync('bsdtar', ['-xf', iso, '-C', files]);
  const archive = join(directory, 'archive');
  mkdirSync(archive);
  execFileSync('bsdtar', ['-xf', join(files, 'images/pxeboot/rootfs.img'), '-C', archive]);
  execFileSync('unsquashfs', ['-quiet', '-no-progress', '-d', rootFiles, join(archive, 'root.squashfs')]);
  rmSync(archive, { recursive: true });
  return iso;
}

const mebibytes = (path: string) => `${(statSync(path).size / 2 ** 20).toFixed(0)} MiB`;

try {
  const from = process.argv[2] ?? (await makeSyntheticContainer(directory));
  const size = mebibytes(await prepare(from));
  const none = (): ProgramTime[] => [];
  const times = { iso: none(), kept: none(), cp: none(), compressed: none(), squashed: none() };
  // In turns, so that whatever else the machine does falls on all.
  for (let round = 0; round < rounds; round++) {
    times.cp.push(await timeOnDisk('cp', '--recursive', files, copy));
    forgetIso();
    times.iso.push(await timeProgram(program, buildArguments(from), work));
    times.kept.push(await timeProgram(program, buildArguments(from), work));
  }
  const level = ['-comp', 'zstd', '-Xcompression-level', '6', '-processors', '2'];
  for (let round = 0; round < rounds; round++) {
    times.squashed.push(await timeOnDisk('mksquashfs', rootFiles, copy, '-quiet', '-no-progress', ...level));
    forgetLiveRoot();
    times.compressed.push(await timeProgram(program, buildArguments(from), work));
  }
  reportBeside(`live-iso, ${size}, all it is made of kept : cp`, least(times.iso), least(times.cp), goals.iso);
  report('of that, as long takes one that is there already', least(times.kept).wall);
  const [compressed, squashed] = [least(times.compressed), least(times.squashed)];
  reportBeside(
    `live-iso of base disks, ${size} : mksquashfs, ${mebibytes(copy)}`,
    compressed,
    squashed,
    goals.compressed,
  );
  forgetIso();
  reportPeakMemory(300, await peakMemoryOf(program, [{ args: buildArguments(from), cwd: work }]));
  forgetLiveRoot();
  reportPeakMemory(300, await peakMemoryOf(program, [{ args: buildArguments(from), cwd: work }]));
} finally {
  rmSync(directory, { recursive: true, force: true });
}
