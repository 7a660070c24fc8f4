import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openExt4Volume } from '../../src/disk/ext4-volume.ts';

let directory: string;
let tree: string;

const long = 'x'.repeat(30_000);
const files: Record<string, string> = {
  'loader.1/entries/ostree-1.conf': 'title one\noptions rw\n',
  'grub/grub.cfg': long,
  'ignition.firstboot': '',
  'ostree/os-1/vmlinuz': 'k'.repeat(500_000),
};

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ext4-volume-'));
  tree = join(directory, 'tree');
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(tree, path, '..'), { recursive: true });
    writeFileSync(join(tree, path), content);
  }
  symlinkSync('.', join(tree, 'boot'));
  symlinkSync('loader.1', join(tree, 'loader'));
  symlinkSync(`/${'./'.repeat(50)}grub/grub.cfg`, join(tree, 'far'));
  symlinkSync('round', join(tree, 'round'));
  symlinkSync(`${'grub/../'.repeat(110)}grub/grub.cfg`, join(tree, 'long'));
  mkdirSync(join(tree, 'many'));
  for (let index = 0; index < 300; index++) writeFileSync(join(tree, 'many', `file-with-a-long-name-${index}`), '');
});
afterAll(() => rmSync(directory, { recursive: true }));

/** What mke2fs can be asked for, and we know. */
const kinds = [
  ['as it is by default', []],
  ['with small blocks and inodes', ['-b', '1024', '-I', '128']],
  ['with small blocks', ['-b', '1024', '-O', 'metadata_csum_seed']],
  ['without checksums', ['-O', '^metadata_csum,^64bit']],
  ['with checksums and short descriptors', ['-b', '2048', '-O', '^64bit']],
] as const;

/** Filesystems by what mke2fs was asked for: nobody writes to them. */
const made = new Map<string, Buffer>();

/** A filesystem of mke2fs, to be written to. */
function make(options: readonly string[], type = 'ext4'): Buffer {
  const wanted = [type, ...options].join(' ');
  const kept = made.get(wanted);
  if (kept !== undefined) return Buffer.from(kept);
  const path = join(directory, 'made.img');
  rmSync(path, { force: true });
  execFileSync('mke2fs', ['-q', '-t', type, ...options, '-d', tree, '-E', 'root_owner=0:0', path, '12M'], {
    stdio: 'pipe',
  });
  const image = readFileSync(path);
  made.set(wanted, image);
  return Buffer.from(image);
}

/** @param changes bytes that differ from the image's, by their positions */
const readerOf =
  (image: Buffer, changes: readonly (readonly [number, number])[] = []) =>
  async (position: number, buffer: Buffer) => {
    image.copy(buffer, 0, position);
    for (const [at, value] of changes)
      if (at >= position && at < position + buffer.length) buffer[at - position] = value;
  };

async function openImage(image: Buffer) {
  return { image, volume: await openExt4Volume(readerOf(image), image.length) };
}

/** Writes a filesystem to a file. @returns its path, once e2fsck has found it in order */
function check(image: Buffer): string {
  const path = join(directory, 'checked.img');
  writeFileSync(path, image);
  execFileSync('e2fsck', ['-fn', path], { stdio: 'pipe' });
  return path;
}

const debugfs = (path: string, command: string) =>
  execFileSync('debugfs', ['-R', command, path], { stdio: ['ignore', 'pipe', 'ignore'] }).toString();

describe.each(kinds)('an ext4 of mke2fs, %s', (_name, options) => {
  it('is read', async () => {
    const { volume } = await openImage(make(options));
    for (const [path, content] of Object.entries(files)) expect((await volume.read(path))?.toString()).toBe(content);
    expect((await volume.read('boot/boot/loader/entries/ostree-1.conf'))?.toString()).toBe('title one\noptions rw\n');
    expect((await volume.read('far'))?.toString()).toBe(long);
    expect(await volume.read('none')).toBeUndefined();
    expect(await volume.read('grub')).toBeUndefined();
    expect(await volume.read('grub/grub.cfg/none')).toBeUndefined();
    expect((await volume.list('many')).sort()).toHaveLength(300);
    expect((await volume.list('')).sort()).toEqual(
      [
        'boot',
        'far',
        'grub',
        'ignition.firstboot',
        'loader',
        'loader.1',
        'long',
        'lost+found',
        'many',
        'ostree',
        'round',
      ].sort(),
    );
    await expect(volume.read('round')).rejects.toMatchObject({
      code: 'DISK_INVALID',
      exitStatus: 4,
      message: 'the boot filesystem of the disk is damaged: symbolic links lead in a circle',
    });
    await expect(volume.read('long')).rejects.toMatchObject({
      code: 'DISK_INVALID',
      message: 'the boot filesystem of the disk is damaged: symbolic links lead through too many directories',
    });
  });

  it('takes new files and other contents, and is in order for e2fsck', async () => {
    const { image, volume } = await openImage(make(options));
    const config = Buffer.from(JSON.stringify({ noise: 'abc'.repeat(20_000) }));
    await volume.makeDirectory('ignition', 0o700);
    await volume.makeDirectory('ignition', 0o755);
    await volume.write('ignition/config.ign', config, 0o600);
    await volume.write('loader/entries/ostree-1.conf', Buffer.from('options changed\n'), 0o600);
    await volume.write('ignition.firstboot', Buffer.from('set a=b\n'), 0o600);
    await volume.write('grub/grub.cfg', Buffer.alloc(0), 0o600);
    expect((await volume.read('ignition/config.ign'))?.equals(config)).toBe(true);
    for (const { position, bytes } of volume.finish()) bytes.copy(image, position);
    const path = check(image);
    expect(debugfs(path, 'cat /ignition/config.ign')).toBe(config.toString());
    expect(debugfs(path, 'cat /loader.1/entries/ostree-1.conf')).toBe('options changed\n');
    expect(debugfs(path, 'cat /ignition.firstboot')).toBe('set a=b\n');
    expect(debugfs(path, 'stat /grub/grub.cfg')).toMatch(/Mode: {2}0644 .*Size: 0\n/s);
    expect(debugfs(path, 'stat /ignition/config.ign')).toMatch(/Type: regular +Mode: {2}0600.*User: +0 +Group: +0/s);
    expect(debugfs(path, 'stat /ignition')).toMatch(/Type: directory +Mode: {2}0700/);
  });

  it('ends with errors of ours and within bounds, whatever in it is damaged', async () => {
    const { image } = await openImage(make(options));
    const group = image.readUInt32LE(1024 + 0x18) === 0 ? 2048 : 1024 << image.readUInt32LE(1024 + 0x18);
    const table = image.readUInt32LE(group + 8) * (1024 << image.readUInt32LE(1024 + 0x18));
    const places = fc.oneof(
      fc.integer({ min: 1024, max: 2047 }),
      fc.integer({ min: group, max: group + 127 }),
      fc.integer({ min: table, max: table + 8191 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(places, fc.nat(255)), { minLength: 1, maxLength: 3 }), async (changes) => {
        try {
          const volume = await openExt4Volume(readerOf(image, changes), image.length);
          for (const path of Object.keys(files)) await volume.read(path);
          await volume.makeDirectory('ignition', 0o700);
          await volume.write('ignition/config.ign', Buffer.alloc(5000), 0o600);
          await volume.write('loader/entries/ostree-1.conf', Buffer.from('x'), 0o600);
          volume.finish();
        } catch (error) {
          expect((error as { code?: string }).code).toMatch(/^(DISK_INVALID|DISK_UNSUPPORTED|FILESYSTEM_FULL)$/);
        }
      }),
      { numRuns: 80 },
    );
  });
});

describe('a boot filesystem', () => {
  it.each([
    ['xfs or nothing', (image: Buffer) => image.fill(0, 1024, 2048), 'DISK_UNSUPPORTED', 'it is no ext4'],
    [
      'one that was not unmounted',
      (image: Buffer) => image.writeUInt32LE(image.readUInt32LE(1024 + 0x60) | 4, 1024 + 0x60),
      'DISK_UNSUPPORTED',
      'it was not unmounted in order',
    ],
    [
      'one with a feature of the future',
      (image: Buffer) => image.writeUInt32LE(image.readUInt32LE(1024 + 0x60) | 0x80000, 1024 + 0x60),
      'DISK_UNSUPPORTED',
      'it has features that are not known, 0x802c2 and 0x46b',
    ],
    [
      'one with a wrong checksum',
      (image: Buffer) => image.fill(1, 1150, 1151),
      'DISK_INVALID',
      "the superblock's checksum is wrong",
    ],
  ])('is refused: %s', async (_name, damage, code, reason) => {
    const { image } = await openImage(make(['-O', '^metadata_csum_seed,^orphan_file']));
    damage(image);
    const prefix = code === 'DISK_INVALID' ? 'is damaged' : 'cannot be changed';
    await expect(openExt4Volume(readerOf(image), image.length)).rejects.toMatchObject({
      code,
      message: `the boot filesystem of the disk ${prefix}: ${reason}`,
    });
  });

  it('is refused when a tree of extents names itself, which would be walked for years', async () => {
    const { image } = await openImage(make(['-O', '^metadata_csum,^64bit']));
    const path = check(image);
    const [, number] = /^Inode: (\d+)/.exec(debugfs(path, 'stat /grub/grub.cfg')) ?? [];
    const [, blockText, offsetText] =
      /located at block (\d+), offset 0x([0-9a-f]+)/.exec(debugfs(path, `imap <${number}>`)) ?? [];
    const blockSize = 1024 << image.readUInt32LE(1024 + 0x18);
    const inode = image.subarray(Number(blockText) * blockSize + Number.parseInt(offsetText ?? '', 16));
    const levels = [0, 1, 2, 3, 4].map((level) => ({ level, block: image.length / blockSize - 10 + level }));
    /** A node each of whose entries names the same one below. */
    const fill = (node: Buffer, level: number) => {
      const count = Math.floor((node.length - 12) / 12);
      node.fill(0).writeUInt16LE(0xf30a, 0);
      for (const [at, value] of [count, count, level].entries()) node.writeUInt16LE(value, 2 + 2 * at);
      // Of a leaf, nothing but extents that are not written.
      for (let at = 12; at + 12 <= node.length; at += 12) {
        if (level === 0) node.writeUInt16LE(32769, at + 4);
        else node.writeUInt32LE((levels[level - 1] as { block: number }).block, at + 4);
      }
    };
    for (const { level, block } of levels) fill(image.subarray(block * blockSize, (block + 1) * blockSize), level);
    fill(inode.subarray(0x28, 0x28 + 60), 5);
    const { volume } = await openImage(image);
    await expect(volume.read('grub/grub.cfg')).rejects.toMatchObject({
      code: 'DISK_INVALID',
      message: 'the boot filesystem of the disk is damaged: a tree of extents has the same blocks twice',
    });
  });

  it('is refused when its counts of what is free cannot be', async () => {
    const { image } = await openImage(make(['-O', '^metadata_csum,^64bit']));
    image.writeUInt32LE(0, 1024 + 0x0c);
    const { volume } = await openImage(image);
    await volume.write('new', Buffer.alloc(5000), 0o600);
    expect(() => volume.finish()).toThrow(/its counts of what is free are wrong$/);
  });

  it('is refused when it is larger than its partition', async () => {
    const { image } = await openImage(make([]));
    await expect(openExt4Volume(readerOf(image), image.length - 4096)).rejects.toMatchObject({
      code: 'DISK_INVALID',
      message: 'the boot filesystem of the disk is damaged: it is larger than its partition',
    });
  });

  it('may have files with the map of blocks that older ones have', async () => {
    const path = join(directory, 'ext3.img');
    writeFileSync(path, make(['-b', '1024'], 'ext3'));
    execFileSync('tune2fs', ['-O', 'extents', path], { stdio: 'pipe' });
    const { volume } = await openImage(readFileSync(path));
    expect(debugfs(path, 'stat /ostree/os-1/vmlinuz')).toContain('(DIND)');
    expect((await volume.read('ostree/os-1/vmlinuz'))?.toString()).toBe(files['ostree/os-1/vmlinuz']);
    await expect(volume.write('grub/grub.cfg', Buffer.alloc(9), 0o600)).rejects.toMatchObject({
      code: 'DISK_UNSUPPORTED',
    });
  });

  it('says when nothing more fits', async () => {
    const { volume } = await openImage(make([]));
    await expect(volume.write('big', Buffer.alloc(15 << 20), 0o600)).rejects.toMatchObject({
      code: 'FILESYSTEM_FULL',
      exitStatus: 1,
      message: 'the boot filesystem of the disk has no room for 15728640 bytes',
    });
  });
});

describe('any number of changes', () => {
  it('leave a filesystem in order', async () => {
    const name = fc.constantFrom('a', 'b', 'grub/grub.cfg', 'loader/entries/ostree-1.conf', 'ignition/config.ign');
    const changes = fc.array(fc.tuple(name, fc.nat(20_000)), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...kinds), changes, async ([, options], given) => {
        const { image, volume } = await openImage(make(options));
        await volume.makeDirectory('ignition', 0o700);
        const last = new Map<string, Buffer>();
        for (const [file, size] of given) {
          const content = Buffer.alloc(size, `${file} ${size} `);
          await volume.write(file, content, 0o600);
          last.set(file, content);
        }
        for (const { position, bytes } of volume.finish()) bytes.copy(image, position);
        check(image);
        const again = await openExt4Volume(readerOf(image), image.length);
        for (const [file, content] of last) expect((await again.read(file))?.equals(content)).toBe(true);
      }),
      { numRuns: 12 },
    );
  });
});
