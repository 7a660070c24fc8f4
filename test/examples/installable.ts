import { chmod, copyFile, cp, mkdir, mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';
import { type RunResult, run, tryRun } from '../../src/exec/run.ts';
import { tools } from '../../src/exec/tools.ts';
import { sha256Hex } from '../../src/lib/digest.ts';
import { checkout, program } from '../integration/fixture.ts';

const installer = resolve(checkout, 'examples/debian-coreos/overlay.d/15live/usr/bin/cosa-install');

const losetup = program('losetup', 'mount');
const partx = program('partx', 'util-linux');
const bash = program('bash');
const mebibyte = 1024 ** 2;

/** Where the boot filesystem of the small system begins. */
export const bootOffset = mebibyte;
const bootSize = 3 * mebibyte;
const rootOffset = bootOffset + bootSize;

/** Bytes of the disk of the small system. */
export const systemSize = 6 * mebibyte;

export const kernelArguments =
  'rw root=LABEL=root $ignition_firstboot ignition.platform.id=metal quiet ostree=/ostree/boot.1/os/0/0';

/** A directory that goes with the test. */
export async function testDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-install-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A block device of a file, until the test is over. */
export async function attach(file: string, ...options: string[]): Promise<string> {
  const { stdout } = await run(losetup, ['--find', '--show', ...options, file]);
  const device = stdout.trim();
  onTestFinished(async () => void (await tryRun(losetup, ['--detach', device])));
  return device;
}

/** Makes a partition on a block device, until the test is over. */
export async function addPartition(device: string): Promise<string> {
  await run(program('sgdisk', 'gdisk'), ['-n', '1:0:0', device]);
  await run(partx, ['--add', device]);
  onTestFinished(async () => void (await run(partx, ['--delete', device])));
  return `${device}p1`;
}

/** Makes a file of `size` bytes that are not zeros: a disk on which something was. */
export async function usedDisk(file: string, size = 2 * systemSize): Promise<string> {
  await writeFile(file, Buffer.alloc(size, 'was here '));
  return file;
}

/** A system that is small, in the form in which live media hold one: a directory for `--source`, and the disk that it makes. */
export interface Installable {
  source: string;
  /** The disk's file. */
  disk: string;
}

/** Copies a small system for disks with sectors of so many bytes into a directory. */
export async function installable(directory: string, sectorSize: 512 | 4096 = 512): Promise<Installable> {
  const made = systems.get(sectorSize) ?? makeInstallable(sectorSize);
  systems.set(sectorSize, made);
  await cp(await made, directory, { recursive: true });
  return { source: join(directory, 'medium/install'), disk: join(directory, `system-${sectorSize}`) };
}

/** Made once, for the tests of a file. */
const systems = new Map<number, Promise<string>>();

afterAll(async () => {
  for (const directory of systems.values()) await rm(await directory, { recursive: true });
});

async function makeInstallable(sectorSize: 512 | 4096): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-install-'));
  const disk = join(directory, `system-${sectorSize}`);
  await writeFile(disk, '');
  await truncate(disk, systemSize);
  const device = await attach(disk, '--sector-size', String(sectorSize));
  const [boot, root] = [bootOffset, rootOffset].map((offset) => offset / sectorSize);
  const lastBoot = rootOffset / sectorSize - 1;
  const partitions = ['-n', `1:${boot}:${lastBoot}`, '-c', '1:boot', '-n', `2:${root}:0`, '-c', '2:root'];
  await run(program('sgdisk', 'gdisk'), ['-a', '1', ...partitions, device]);
  await run(losetup, ['--detach', device]);
  await makeBoot(join(directory, 'boot'), disk);
  await using file = await open(disk, 'r+');
  await file.write(Buffer.alloc(400, 'boot sector'), 0, 400, 0);
  await file.write(Buffer.alloc(mebibyte / 2, 'the root '), 0, mebibyte / 2, rootOffset);
  await makeSource(join(directory, 'medium/install'), disk, sectorSize);
  return directory;
}

/** A boot filesystem as `cosa image build` makes it, but for kernel and initramfs. */
async function makeBoot(directory: string, disk: string): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, 'loader/entries'), { recursive: true });
  const entry = `title OS\nversion 1\noptions ${kernelArguments}\nlinux /ostree/vmlinuz\ninitrd /ostree/initramfs.img\n`;
  await writeFile(join(directory, 'loader/entries/ostree-1.conf'), entry);
  const menu = `menuentry 'OS' {\n  linux /ostree/vmlinuz ${kernelArguments}\n  initrd /ostree/initramfs.img\n}\n`;
  await writeFile(join(directory, 'loader/grub.cfg'), menu);
  await writeFile(join(directory, 'ignition.firstboot'), '');
  const options = [
    '-q',
    '-b',
    '4096',
    '-O',
    '^has_journal',
    '-L',
    'boot',
    '-d',
    directory,
    '-E',
    `offset=${bootOffset}`,
  ];
  await run(program('mke2fs', 'e2fsprogs'), [...options, disk, `${bootSize / 1024}k`]);
}

async function makeSource(source: string, disk: string, sectorSize: number): Promise<void> {
  await mkdir(join(source, String(sectorSize)), { recursive: true });
  const bytes = Buffer.alloc(systemSize);
  await using file = await open(disk);
  await file.read(bytes, 0, systemSize, 0);
  const half = rootOffset + mebibyte / 2;
  await writeFile(join(source, '../root.img'), bytes.subarray(rootOffset, half));
  await writeFile(
    join(source, `shared-${sectorSize}.img`),
    Buffer.concat([Buffer.alloc(4096), bytes.subarray(0, rootOffset)]),
  );
  const tail = systemSize - 65_536;
  await writeFile(join(source, `${sectorSize}/tail.img`), bytes.subarray(tail));
  const layout = [
    `size ${systemSize}`,
    `sha256 ${sha256Hex(bytes)}`,
    `sector-size ${sectorSize}`,
    'description os 1.2.3 x86_64',
    // In two stretches, neither of which ends where others do.
    `data 0 ${mebibyte + 512} shared-${sectorSize}.img 4096`,
    `data ${mebibyte + 512} ${rootOffset - mebibyte - 512} shared-${sectorSize}.img ${4096 + mebibyte + 512}`,
    `data ${rootOffset} ${half - rootOffset} ../root.img 0`,
    `data ${tail} ${systemSize - tail} ${sectorSize}/tail.img 0`,
  ];
  await writeFile(join(source, `${sectorSize}/layout`), `${layout.join('\n')}\n`);
}

/** Runs cosa-install. */
export function install(...args: string[]): Promise<RunResult> {
  return tryRun(program(installer), args);
}

/** What comes before an installation. */
export interface Preparation {
  /** Of bash, in a mount namespace: `$1` is the device, `$2` a directory. */
  script: string;
  /** What cosa-install is run by. */
  command?: string;
}

/** Runs cosa-install after a script, and leaves the device as it was then in the directory, as `before`. */
export function installAfter(
  { script, command = '' }: Preparation,
  device: string,
  directory: string,
  ...args: string[]
): Promise<RunResult> {
  const text = `set -euo pipefail
${script}
sync "$1"
cp "$1" "$2/before"
exec ${command} ${installer} "$1" "\${@:3}"`;
  const unshare = ['--mount', '--propagation', 'private'];
  return tryRun(tools.unshare, [...unshare, bash.name, '-c', text, bash.name, device, directory, ...args]);
}

/**
 * Runs cosa-install with a disk that keeps something else than was written to it: whenever it is read again, a byte of its
 * file has become another one by then.
 * @param disk the device's file
 * @param canBypass false for a disk that cannot be read past the system's memory
 */
export async function installDamaged(
  directory: string,
  { disk, offset, canBypass }: { disk: string; offset: number; canBypass: boolean },
  ...[device, ...args]: [string, ...string[]]
): Promise<RunResult> {
  const shims = join(directory, 'shims');
  await mkdir(shims);
  const shim = `#!/bin/bash
PATH=\${PATH#*:}
if [[ " $* " == *' if=${device} '* ]]; then
    ${canBypass ? '' : "[[ $* != *iflag=direct* ]] || { echo 'dd: Invalid argument' >&2; exit 1; }"}
    sync ${device}
    printf X | dd of=${disk} bs=1 seek=${offset} conv=notrunc status=none
fi
exec dd "$@"
`;
  await writeFile(join(shims, 'dd'), shim);
  await chmod(join(shims, 'dd'), 0o755);
  return tryRun(bash, ['-c', 'PATH=$1:$PATH; shift; exec "$@"', 'bash', shims, installer, device, ...args]);
}

/** The programs that change something on a disk. */
const steps = ['awk', 'blkdiscard', 'dd', 'install', 'mount', 'sync', 'umount'];

/**
 * Runs cosa-install, and kills it with all that it has started when it calls one of its programs for the `call`th time.
 * @returns the exit status; 137 if it was killed
 */
export async function installKilled(directory: string, call: number, ...args: string[]): Promise<number> {
  const shims = join(directory, 'shims');
  await rm(shims, { recursive: true, force: true });
  await mkdir(shims);
  const calls = join(shims, 'calls');
  const shim = `#!/bin/bash
PATH=\${PATH#*:}
printf x >> ${calls}
[[ $(stat --format %s ${calls}) -lt ${call} ]] || kill -KILL 0
exec "\${0##*/}" "$@"
`;
  await writeFile(join(shims, 'shim'), shim);
  await chmod(join(shims, 'shim'), 0o755);
  for (const step of steps) await copyFile(join(shims, 'shim'), join(shims, step));
  // A session of its own is a group of its own.
  const script = 'PATH=$1:$PATH; shift; setsid --wait "$@" || exit';
  const { exitCode } = await tryRun(bash, ['-c', script, 'bash', shims, installer, ...args]);
  return exitCode;
}
