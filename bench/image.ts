// A container becomes disks, without programs of the host: against the same by hand with tar, ostree, mke2fs and qemu-img,
// in turns. Each is a process of its own, start-up included.
// Usage: tsx bench/image.ts [REFERENCE]; without REFERENCE, of a synthetic operating system. As root, for ostree.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { bundleOutput, openBundle } from '../scripts/bundle.ts';
import { digestHex } from '../src/lib/digest.ts';
import { type ResolvedImage, resolveImage } from '../src/workspace/resolve-image.ts';
import { silentSession } from '../test/helpers/session.ts';
import { makeLargeContainer } from './large-container.ts';
import { least, type ProgramTime, reportBeside, reportPeakMemory, timeProgram } from './measure.ts';
import { makeSyntheticContainer } from './synthetic-container.ts';

const rounds = 3;
const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
const scratch = join(directory, 'by-hand');
const output = join(directory, 'output');
const built = join(directory, 'dist');

/** What somebody would type who has no cosa: no check of a digest, one filesystem, no boot loader. */
const byHand = `set -e
cd "$1"; layout=$2; commit=$3; shift 3
mkdir tree system
for layer; do zstd --quiet --decompress --stdout "$layout/blobs/sha256/$layer" | tar -x --xattrs --xattrs-include='*' -C tree; done
ostree admin init-fs --modern system
ostree admin os-init --sysroot=system os
ostree --repo=system/ostree/repo pull-local tree/sysroot/ostree/repo "$commit"
ostree admin deploy --sysroot=system --os=os "$commit"
truncate --size=10G disk.raw
mke2fs -q -F -t ext4 -d system disk.raw
qemu-img convert -O qcow2 disk.raw disk.qcow2
`;

function runByHand({ reference, image }: ResolvedImage): Promise<ProgramTime> {
  const { layout } = reference.place;
  if (layout === undefined) throw new Error('the bench reads an OCI layout');
  const commit = image.config.config?.Labels?.['ostree.commit'] ?? '';
  const layers = image.manifest.layers.map(({ digest }) => digestHex(digest));
  mkdirSync(scratch);
  return timeProgram('bash', ['-c', byHand, 'bash', scratch, layout, commit, ...layers]);
}

/** ostree makes deployments immutable where it is real root. */
function removeDeployment(): void {
  execFileSync('bash', ['-c', 'chattr -f -i "$1"/system/ostree/deploy/*/deploy/*.0 || true', 'bash', scratch]);
  rmSync(scratch, { recursive: true, force: true });
}

/** @returns with the most memory that it has had, in MiB */
async function makeImages(from: string, ...formats: string[]): Promise<ProgramTime & { peak: number }> {
  for (const format of formats) rmSync(join(output, `disk.${format}`), { force: true });
  const time = await timeProgram(process.execPath, [join(built, 'image-once.js'), from, output, ...formats]);
  return { ...time, peak: Number(readFileSync(join(output, 'peak'), 'utf8')) };
}

function forget(): void {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output);
}

try {
  await using bundle = await openBundle({ 'image-once': join(import.meta.dirname, 'image-once.ts') });
  await bundle.write({ ...bundleOutput, dir: built });
  symlinkSync(resolve(import.meta.dirname, '../node_modules'), join(directory, 'node_modules'));
  const from = process.argv[2] ?? (await makeSyntheticContainer(directory));
  const resolved = await resolveImage(silentSession(), directory, from);

  const times: Record<'hand' | 'ours' | 'again', ProgramTime[]> = { hand: [], ours: [], again: [] };
  let peak = 0;
  // In turns, so that whatever else the machine does falls on all.
  for (let round = 0; round < rounds; round++) {
    times.hand.push(await runByHand(resolved));
    removeDeployment();
    forget();
    const ours = await makeImages(from, 'qcow2');
    times.ours.push(ours);
    peak = Math.max(peak, ours.peak);
    times.again.push(await makeImages(from, 'qcow2'));
  }
  const ours = least(times.ours);
  const goals = { wall: 0.5, processor: 0.6 };
  reportBeside(
    'container -> qcow2, beside tar x, pull-local, deploy, mke2fs -d, qemu-img convert',
    ours,
    least(times.hand),
    goals,
  );
  reportBeside('qcow2 of the base disk that is there : all', least(times.again), ours, 0.4);
  reportPeakMemory(300, peak);

  forget();
  const [files, bytes] = [100_000, 50_000];
  const large = await makeImages(await makeLargeContainer(directory, files, bytes), 'raw');
  console.log(
    `${large.wall.toFixed(2).padStart(6)} s, processor ${large.processor.toFixed(2)} s  ${files} files of ${bytes} bytes -> raw disk`,
  );
  reportPeakMemory(300, large.peak);
} finally {
  removeDeployment();
  rmSync(directory, { recursive: true, force: true });
}
