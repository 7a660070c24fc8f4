// Disk image formats: ours against the programs whose place they take, from the same raw disk. Every record of an image has
// its sha256, which ours find while they write: the programs' images are summed by sha256sum.
// Usage: tsx bench/formats.ts [DISK [ROW…]]; DISK is a sparse file, without it one with part of /usr is made.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bundles } from '../src/disk/bundles.ts';
import type { Compressor } from '../src/disk/compressors/compressor.ts';
import { compressors } from '../src/disk/compressors.ts';
import type { Extent } from '../src/disk/extents.ts';
import type { DiskFormat } from '../src/disk/formats/format.ts';
import { diskFormats } from '../src/disk/formats.ts';
import { writeImageFile } from '../src/disk/image-file.ts';
import { createGrainStore } from '../src/disk/image-threads/grain-store.ts';
import { type ImageThreads, imageThreads } from '../src/disk/image-threads.ts';
import { fileSource } from '../src/disk/source.ts';
import { digestOf } from '../src/lib/digest.ts';
import { derivedUuid } from '../src/lib/uuid.ts';
import { least, type ProgramTime, reportBeside, reportPeakMemory, timeAction } from './measure.ts';

const rounds = 3;
const directory = mkdtempSync(join(process.env.TMPDIR ?? tmpdir(), 'cosa-bench-'));
const [disk = join(directory, 'disk'), ...chosen] = process.argv.slice(2);
const image = join(directory, 'image');
const { signal } = new AbortController();

/** What a row compares: a format of ours, and what somebody would type. */
interface Row {
  name: string;
  format: DiskFormat;
  compressor?: Compressor;
  /** A shell's commands: `$1` is the disk, `$2` the image. */
  peer: string;
}

const product = { name: 'Example', version: '1' };
const gzip = hasProgram('pigz') ? 'pigz' : 'gzip';
const convert = (options: string, ending = '') => `qemu-img convert -f raw ${options} "$1" "$2${ending}"`;
const streamOptimized = 'subformat=streamOptimized,adapter_type=lsilogic,compat6';

const rows: Row[] = [
  { name: 'raw', format: diskFormats.raw, peer: convert('-O raw') },
  { name: 'qcow2', format: diskFormats.qcow2, peer: convert('-O qcow2') },
  { name: 'qcow2-compressed', format: diskFormats['qcow2-compressed'], peer: convert('-c -O qcow2') },
  { name: 'vmdk', format: diskFormats.vmdk, peer: convert(`-O vmdk -o ${streamOptimized}`) },
  { name: 'vhd', format: diskFormats.vhd, peer: convert('-O vpc -o subformat=fixed,force_size') },
  { name: 'vhdx', format: diskFormats.vhdx, peer: convert('-O vhdx') },
  {
    name: 'vmware-ova',
    format: bundles['vmware-ova'](product, { hardwareVersion: 13, secureBoot: true }),
    peer: `${convert(`-O vmdk -o ${streamOptimized}`, '.vmdk')} && tar -cf "$2" "$2.vmdk" 2>/dev/null && rm "$2.vmdk"`,
  },
  {
    name: `gcp-tar (tar, ${gzip} -6)`,
    format: bundles['gcp-tar'](),
    peer: `tar --format=oldgnu -S -C "$(dirname "$1")" -c "$(basename "$1")" | ${gzip} -6 > "$2"`,
  },
  {
    name: `kubevirt (qemu-img, tar, ${gzip} -6)`,
    format: bundles['kubevirt-archive']({ version: '1', architecture: 'x86_64' }),
    peer: `${convert('-O qcow2', '.qcow2')} && tar -c "$2.qcow2" 2>/dev/null | ${gzip} -6 > "$2" && rm "$2.qcow2"`,
  },
  {
    name: `qcow2, gzip (qemu-img, ${gzip} -6)`,
    format: diskFormats.qcow2,
    compressor: compressors.gzip,
    peer: `${convert('-O qcow2')} && ${gzip} -6 "$2" && mv "$2.gz" "$2"`,
  },
  {
    name: 'qcow2, zstd (qemu-img, zstd -6 -T0)',
    format: diskFormats.qcow2,
    compressor: compressors.zstd,
    peer: `${convert('-O qcow2')} && zstd -q -6 -T0 --rm "$2" -o "$2.zst" && mv "$2.zst" "$2"`,
  },
];

function hasProgram(name: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The stretches of the file that are no holes, as the filesystem tells them: by 4 KiB, where its contents are. */
function extentsOf(path: string): Extent[] {
  const map = execFileSync('qemu-img', ['map', '--output=json', '-f', 'raw', path], { maxBuffer: 1 << 28 });
  const stretches = JSON.parse(map.toString()) as { start: number; length: number; data: boolean }[];
  return stretches.filter(({ data }) => data).map(({ start, length }) => ({ offset: start, length }));
}

async function write({ format, compressor }: Row, threads: ImageThreads): Promise<void> {
  await using file = await open(disk, 'r');
  const source = fileSource(file, statSync(disk).size, extentsOf(disk));
  const identity = { uuid: (purpose: string) => derivedUuid(digestOf(disk), purpose), fileName: 'image.img' };
  const request = { disk: source, identity, threads, signal };
  const options = { threads, signal, ...(compressor === undefined ? {} : { compressor }) };
  await writeImageFile(image, options, (sink) => format.write(request, sink));
}

function removeImage(): number {
  const { size } = statSync(image);
  rmSync(image);
  return size;
}

async function measure(row: Row): Promise<void> {
  const times: { ours: ProgramTime[]; peer: ProgramTime[] } = { ours: [], peer: [] };
  let sizes = '';
  // In turns, so that whatever else the machine does falls on both.
  for (let round = 0; round < rounds; round++) {
    times.peer.push(
      await timeAction(() => void execFileSync('sh', ['-c', row.peer, 'sh', disk, image], { stdio: 'pipe' })),
    );
    const peerSize = removeImage();
    {
      using threads = imageThreads();
      times.ours.push(await timeAction(() => write(row, threads)));
    }
    sizes = `${(removeImage() / 2 ** 20).toFixed(0)} : ${(peerSize / 2 ** 20).toFixed(0)} MiB`;
  }
  reportBeside(`${row.name}, ${sizes}`, least(times.ours), least(times.peer), 1);
}

/** Several images that hold the same, with compressed grains kept and without. */
async function measureSharing(): Promise<void> {
  const shared = rows.filter(({ name }) => /^(vmdk|vmware|gcp|kubevirt)/.test(name));
  const all = async (threads: ImageThreads) => {
    for (const row of shared) {
      await write(row, threads);
      removeImage();
    }
  };
  const apart = await timeAction(async () => {
    using threads = imageThreads();
    await all(threads);
  });
  const together = await timeAction(async () => {
    await using grains = await createGrainStore(join(directory, 'grains'));
    using threads = imageThreads({ grains });
    await all(threads);
  });
  reportBeside('vmdk, ova, gcp and kubevirt with shared grains, against without', together, apart, 0.5);
}

/** As large as clouds have it, with 700 MB behind its first GiB. */
const makeDisk = `truncate --size=10G "$1"
tar -c -C /usr lib bin share 2>/dev/null | head -c 700M | dd of="$1" bs=1M seek=1024 conv=notrunc iflag=fullblock status=none`;

try {
  if (!existsSync(disk)) execFileSync('sh', ['-c', makeDisk, 'sh', disk], { stdio: 'inherit' });
  for (const row of rows)
    if (chosen.length === 0 || chosen.some((name) => row.name.startsWith(name))) await measure(row);
  if (chosen.length === 0 || chosen.includes('sharing')) await measureSharing();
  reportPeakMemory(300);
} finally {
  rmSync(directory, { recursive: true, force: true });
}
