import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DiskImageRecord, formatRecord } from '../../../src/disk/record.ts';
import { type CustomizeOptions, customizeImage } from '../../../src/flows/image/customize.ts';
import { shownIgnition } from '../../../src/flows/image/iso-ignition.ts';
import { shownArguments } from '../../../src/flows/image/iso-kernel-arguments.ts';
import { defaultArguments, liveFiles, makeIso } from '../../helpers/live-iso.ts';
import { bootPlace, diskBytes, writePartitionedDisk } from '../../helpers/partitioned-disk.ts';
import { silentSession } from '../../helpers/session.ts';

let directory: string;
const config = '{"ignition":{"version":"3.4.0"}}';
const options = 'rw root=LABEL=root $ignition_firstboot quiet ostree=/ostree/boot.1/os/c/0';
const boot = [
  ['ignition.firstboot', ''],
  [
    'loader.1/entries/ostree-1.conf',
    `title one\nversion 1\noptions ${options}\nlinux /os/vmlinuz\ninitrd /os/initrd\n`,
  ],
  ['loader.1/entries/ostree-2.conf', `options\t${options}\n`],
  ['loader.1/grub.cfg', `menuentry 'one' {\n  linux /os/vmlinuz ${options}\n  initrd /os/initrd\n}\n`],
] as const;

const at = (name: string) => join(directory, name);
const text = (path: string, file: string) =>
  execFileSync('debugfs', ['-R', `cat ${file}`, path], { stdio: ['ignore', 'pipe', 'ignore'] }).toString();

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'customize-'));
  makeDisk('disk.raw');
  writeFileSync(at('config.ign'), config);
});
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(() => rmSync(at('out'), { recursive: true, force: true }));

function makeDisk(name: string, changes: Partial<Parameters<typeof writePartitionedDisk>[2]> = {}): void {
  mkdirSync(at('scratch'), { recursive: true });
  // mke2fs follows no links of the tree's own: loader is one on real disks, and is tested with those.
  const files = boot.map(([path, content]) => [path.replace('loader.1', 'loader'), content] as const);
  writePartitionedDisk(at(name), at('scratch'), { sectorSize: 512, boot: files, ...changes });
}

async function customize(changes: Partial<CustomizeOptions>) {
  mkdirSync(at('out'), { recursive: true });
  const given = { directory, image: 'disk.raw', output: 'out/disk', append: [], delete: [], replace: [], ...changes };
  return customizeImage(silentSession(), given);
}

/** The boot filesystem of a raw disk, as a file that e2fsck has found in order. */
function bootOf(disk: Buffer): string {
  writeFileSync(at('boot.img'), disk.subarray(bootPlace.offset, bootPlace.offset + bootPlace.size));
  execFileSync('e2fsck', ['-fn', at('boot.img')], { stdio: 'pipe' });
  return at('boot.img');
}

function rawOf(format: string, path: string): Buffer {
  execFileSync('qemu-img', ['convert', '-f', format, '-O', 'raw', path, at('raw')]);
  return readFileSync(at('raw'));
}

describe('a customized disk', () => {
  it('has the config, and other kernel arguments in every entry and in the menu', async () => {
    const firstBootArguments = ['ip=dhcp', 'rd.neednet=1'];
    await customize({ append: ['console=ttyS0'], delete: ['quiet'], ignition: 'config.ign', firstBootArguments });
    const disk = readFileSync(at('out/disk'));
    const path = bootOf(disk);
    expect(text(path, '/ignition/config.ign')).toBe(config);
    expect(text(path, '/ignition.firstboot')).toBe('set ignition_network_kcmdline="ip=dhcp rd.neednet=1"\n');
    const changed = 'rw root=LABEL=root $ignition_firstboot ostree=/ostree/boot.1/os/c/0 console=ttyS0';
    expect(text(path, '/loader/entries/ostree-1.conf')).toBe(
      `title one\nversion 1\noptions ${changed}\nlinux /os/vmlinuz\ninitrd /os/initrd\n`,
    );
    expect(text(path, '/loader/entries/ostree-2.conf')).toBe(`options ${changed}\n`);
    expect(text(path, '/loader/grub.cfg')).toBe(
      `menuentry 'one' {\n  linux /os/vmlinuz ${changed}\n  initrd /os/initrd\n}\n`,
    );
    // All else is as it was.
    const before = readFileSync(at('disk.raw'));
    expect(disk.length).toBe(before.length);
    expect(disk.subarray(0, bootPlace.offset).equals(before.subarray(0, bootPlace.offset))).toBe(true);
    const end = bootPlace.offset + bootPlace.size;
    expect(disk.subarray(end).equals(before.subarray(end))).toBe(true);
    expect(readdirSync(at('out'))).toEqual(['disk']);
  });

  it.each([
    ['qcow2', []],
    ['qcow2', ['-c']],
    ['vmdk', ['-o', 'subformat=streamOptimized']],
    ['vhdx', []],
    ['vpc', ['-o', 'subformat=fixed,force_size=on']],
  ])('gives the same bytes again, and stays %s %j', async (format, ofConvert) => {
    execFileSync('qemu-img', ['convert', '-f', 'raw', '-O', format, ...ofConvert, at('disk.raw'), at('image')]);
    await customize({ image: 'image', output: 'out/disk', ignition: 'config.ign' });
    const first = readFileSync(at('out/disk'));
    rmSync(at('out/disk'));
    await customize({ image: 'image', output: 'out/disk', ignition: 'config.ign' });
    expect(readFileSync(at('out/disk')).equals(first)).toBe(true);
    if (format === 'qcow2') execFileSync('qemu-img', ['check', '-q', '-f', format, at('out/disk')]);
    expect(text(bootOf(rawOf(format, at('out/disk'))), '/ignition/config.ign')).toBe(config);
  });

  it.each(['gzip', 'xz', 'zstd'])('stays compressed with %s', async (program) => {
    const maxBuffer = 1 << 26;
    writeFileSync(at('image'), execFileSync(program, ['--stdout', '--force', at('disk.raw')], { maxBuffer }));
    await customize({ image: 'image', ignition: 'config.ign' });
    const input = readFileSync(at('out/disk'));
    const disk = execFileSync(program, ['--decompress', '--stdout'], { input, maxBuffer });
    expect(text(bootOf(disk), '/ignition/config.ign')).toBe(config);
  });

  it('may have sectors of 4 KiB, and a filesystem with small blocks', async () => {
    makeDisk('4k.raw', { sectorSize: 4096, options: ['-b', '1024', '-I', '128'] });
    await customize({ image: '4k.raw', ignition: 'config.ign' });
    expect(text(bootOf(readFileSync(at('out/disk'))), '/ignition/config.ign')).toBe(config);
  });

  it('replaces a config that is there', async () => {
    await customize({ ignition: 'config.ign', output: 'out/first' });
    const other = '{"ignition":{"version":"3.3.0"}}';
    writeFileSync(at('other.ign'), other);
    await customize({ image: 'out/first', ignition: 'other.ign' });
    expect(text(bootOf(readFileSync(at('out/disk'))), '/ignition/config.ign')).toBe(other);
  });

  it('has a record that says so, if the image has one that is its own', async () => {
    const sha256 = createHash('sha256')
      .update(readFileSync(at('disk.raw')))
      .digest('hex');
    const record: DiskImageRecord = {
      name: 'os',
      version: '1',
      platform: 'metal',
      architecture: 'x86_64',
      format: 'raw',
      files: [{ role: 'disk', name: 'disk.raw', size: diskBytes, sha256 }],
      'disk-size': diskBytes,
      container: { digest: `sha256:${'a'.repeat(64)}`, 'ostree-commit': 'b' },
      ignition: { platform: 'metal', support: 'known' },
      rootfs: 'ext4',
      'host-tools': [],
      key: 'pristine',
    };
    writeFileSync(at('disk.raw.json'), formatRecord(record));
    const { record: written } = await customize({ ignition: 'config.ign' });
    const file = readFileSync(at('out/disk'));
    const own = createHash('sha256').update(file).digest('hex');
    expect(written).toEqual({
      ...record,
      files: [{ role: 'disk', name: 'disk', size: file.length, sha256: own }],
      customized: { of: 'pristine' },
      key: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(JSON.parse(readFileSync(at('out/disk.json'), 'utf8'))).toEqual(written);
    const files = [{ role: 'disk', name: 'disk.raw', size: diskBytes, sha256: '0'.repeat(64) }] as const;
    writeFileSync(at('disk.raw.json'), formatRecord({ ...record, files: [...files] }));
    expect(await customize({ ignition: 'config.ign', output: 'out/other' })).toEqual({
      path: at('out/other'),
      record: undefined,
    });
    expect(existsSync(at('out/other.json'))).toBe(false);
    rmSync(at('disk.raw.json'));
  });

  it.each<[string, Partial<CustomizeOptions>, string, number, RegExp]>([
    ['nothing is changed', {}, 'COMMAND_LINE', 2, /^nothing is to be changed/],
    ['the image is not there', { image: 'none', append: ['a'] }, 'DISK_MISSING', 2, /^there is no disk image .*none$/],
    ['the output is there', { output: 'disk.raw', append: ['a'] }, 'OUTPUT_EXISTS', 2, /disk\.raw is there already$/],
    ['the config is none', { ignition: 'disk.raw' }, 'IGNITION_INVALID', 2, /Ignition config/],
    ['the config is not there', { ignition: 'none' }, 'IGNITION_MISSING', 2, /none cannot be read$/],
    ['an argument is two', { append: ['a b'] }, 'KERNEL_ARGUMENT_INVALID', 2, /^the kernel argument "a b" must be one/],
    [
      'an argument is a command',
      { firstBootArguments: ['";reboot'] },
      'KERNEL_ARGUMENT_INVALID',
      2,
      /must be one kernel argument/,
    ],
    [
      'an argument is not there',
      { delete: ['none'] },
      'KERNEL_ARGUMENT_MISSING',
      2,
      /^there is no kernel argument "none"/,
    ],
    [
      'arguments are too many',
      { append: Array.from({ length: 5 }, (_, index) => `a${index}=${'x'.repeat(480)}`) },
      'KERNEL_ARGUMENTS_LENGTH',
      4,
      /^the kernel's arguments have \d+ characters, and it reads 2036 of them$/,
    ],
    [
      'the disk has been booted',
      { image: 'booted.raw', ignition: 'config.ign' },
      'DISK_BOOTED',
      2,
      /^the disk has been booted/,
    ],
    [
      'it is none of a CoreOS',
      { image: 'other.raw', append: ['a'] },
      'DISK_UNSUPPORTED',
      2,
      /has no entries in \/loader\/entries$/,
    ],
    [
      'it has more entries than any',
      { image: 'entries.raw', append: ['a'] },
      'DISK_UNSUPPORTED',
      2,
      /has 65 entries in \/loader\/entries$/,
    ],
    ['there is no ext4', { image: 'empty.raw', append: ['a'] }, 'DISK_UNSUPPORTED', 2, /it is no ext4$/],
    [
      'the table is damaged',
      { image: 'table.raw', append: ['a'] },
      'DISK_INVALID',
      4,
      /^the partition table of the disk is damaged$/,
    ],
  ])('is refused, and leaves nothing, when %s', async (_name, changes, code, exitStatus, message) => {
    if (!existsSync(at('booted.raw'))) {
      makeDisk('booted.raw', { boot: [['loader/entries/a.conf', 'options a\n']] });
      makeDisk('other.raw', { boot: [] });
      const names = Array.from({ length: 65 }, (_, index) => `loader/entries/${index}.conf`);
      makeDisk('entries.raw', { boot: names.map((name) => [name, 'options a\n'] as const) });
      const disk = readFileSync(at('other.raw'));
      writeFileSync(at('table.raw'), Buffer.from(disk).fill(1, 1030, 1031));
      writeFileSync(at('empty.raw'), disk.fill(0, bootPlace.offset, bootPlace.offset + 4096));
    }
    await expect(customize(changes)).rejects.toMatchObject({
      code,
      exitStatus,
      message: expect.stringMatching(message),
    });
    expect(readdirSync(at('out'))).toEqual([]);
  });
});

describe('a customized ISO', () => {
  it('has both in its areas', async () => {
    makeIso(at('live.iso'), liveFiles());
    await customize({ image: 'live.iso', output: 'out/mine.iso', ignition: 'config.ign', append: ['quiet'] });
    expect(await shownIgnition(directory, 'out/mine.iso')).toBe(config);
    expect((await shownArguments(directory, 'out/mine.iso', false)).arguments).toBe(`${defaultArguments} quiet`);
    await expect(customize({ image: 'live.iso', firstBootArguments: ['ip=dhcp'] })).rejects.toMatchObject({
      code: 'COMMAND_LINE',
      exitStatus: 2,
    });
    expect(readdirSync(at('out'))).toEqual(['mine.iso']);
  });
});
