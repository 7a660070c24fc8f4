import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readIso } from '../../../src/disk/iso-image/iso9660.ts';
import { type IsoFile, type IsoRequest, planIso } from '../../../src/disk/live/iso9660.ts';
import { heldContent } from '../../../src/disk/live/media-content.ts';
import { run } from '../../../src/exec/run.ts';
import type { Tool } from '../../../src/exec/tools.ts';
import { memorySink } from './memory-sink.ts';

const judge = (name: string, deb: string): Tool => ({ name, packages: { deb, rpm: deb }, purpose: 'reads ISOs' });
const xorriso = judge('xorriso', 'xorriso');
const isoinfo = judge('isoinfo', 'genisoimage');
const bsdtar = judge('bsdtar', 'libarchive-tools');
const sgdisk = judge('sgdisk', 'gdisk');

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-iso-'));
});
afterAll(() => rm(base, { recursive: true }));

const file = (path: string, content: string | Buffer): IsoFile => ({
  path,
  content: heldContent(Buffer.from(content)),
});

const hybrid = Buffer.alloc(512, 0x90);
hybrid.writeUInt16LE(0xaa55, 510);

const wish: IsoRequest = {
  identity: { volume: 'test-os-1.0', volumeSet: 'test-os-1.0', timestamp: 1_700_000_000 },
  guids: { disk: '00000000-0000-4000-a000-000000000001', partition: '00000000-0000-4000-a000-000000000002' },
  files: [file('coreos/igninfo.json', '{}'), file('images/pxeboot/vmlinuz', 'kernel'), file('empty', '')],
  efi: file('images/efiboot.img', Buffer.alloc(1 << 20, 0x55)),
  bios: { path: 'boot/grub/eltorito.img', eltorito: Buffer.alloc(30_001, 0x41), hybrid },
};

async function written(request: Partial<IsoRequest> = {}): Promise<{ path: string; bytes: Buffer }> {
  const iso = planIso({ ...wish, ...request });
  const sink = memorySink();
  await iso.write(sink);
  const bytes = sink.bytes();
  expect(bytes.length).toBe(iso.size);
  const path = join(base, 'iso');
  await writeFile(path, bytes);
  return { path, bytes };
}

const text = async (tool: Tool, args: readonly string[]) => (await run(tool, args)).stdout;

describe('planIso', () => {
  it('is booted by BIOS and by UEFI, from CD-ROMs and from disks', async () => {
    const { path } = await written();
    const reports = ['-report_el_torito', 'plain', '-report_system_area', 'plain'];
    const report = await text(xorriso, ['-indev', path, ...reports]);
    for (const line of [
      /^El Torito boot img : {3}1 {2}BIOS {2}y {3}none {2}0x0000 {2}0x00 {6}4 +1024$/m,
      /^El Torito boot img : {3}2 {2}UEFI {2}y {3}none {2}0x0000 {2}0x00 {3}2048 +512$/m,
      /^El Torito img path : {3}1 {2}\/boot\/grub\/eltorito.img$/m,
      /^El Torito img path : {3}2 {2}\/images\/efiboot.img$/m,
      /^El Torito img opts : {3}1 {2}boot-info-table grub2-boot-info$/m,
      /^System area summary: MBR protective-msdos-label grub2-mbr cyl-align-off GPT$/m,
      /^GPT partition path : {3}1 {2}\/images\/efiboot.img$/m,
    ]) {
      expect(report).toMatch(line);
    }
    expect(await text(sgdisk, ['--verify', path])).toMatch(/^No problems found\./m);
  });

  it('is booted by UEFI alone, where there is no GRUB for BIOS', async () => {
    const { path } = await written({ bios: undefined });
    const report = await text(xorriso, ['-indev', path, '-report_el_torito', 'plain']);
    expect(report).toMatch(/^El Torito boot img : {3}1 {2}UEFI {2}y {3}none/m);
    expect(report).not.toContain('boot img :   2');
  });

  it('has names of eight capitals and three, which coreos-installer looks for, and all of them for Windows', async () => {
    const files = [...wish.files, file('coreos/a-long-name.json', 'a'), file('coreos/a-long-name.jsonx', 'b')];
    const { path } = await written({ files });
    const short = ['/COREOS/A_LONG_1.JSO;1', '/COREOS/A_LONG_N.JSO;1', '/COREOS/IGNINFO.JSO;1'];
    const lines = (listing: string) => listing.split('\n').filter((line) => line.startsWith('/'));
    const names = lines(await text(isoinfo, ['-f', '-i', path]));
    expect(names).toEqual(expect.arrayContaining([...short, '/EMPTY.;1', '/IMAGES/PXEBOOT/VMLINUZ.;1']));
    expect(lines(await text(isoinfo, ['-f', '-J', '-i', path]))).toContain('/coreos/a-long-name.jsonx;1');
    await using handle = await open(path, 'r');
    const iso = await readIso(handle, path, planIso({ ...wish, files }).size);
    expect(iso.volumeId).toBe('test-os-1.0');
  });

  it('keeps its volume dates within what directories can say', async () => {
    const { path } = await written({ identity: { ...wish.identity, timestamp: 8_000_000_000_000 } });
    expect(await text(xorriso, ['-indev', path, '-pvd_info'])).toContain('2155123123595900');
  });

  it('gives the same bytes each time', async () => {
    const first = await written();
    expect((await written()).bytes.equals(first.bytes)).toBe(true);
  });

  it.each<[string, Partial<IsoRequest>, string]>([
    [
      'a boot image that is none',
      { bios: { path: 'x', eltorito: Buffer.alloc(2048), hybrid } },
      "the container's eltorito.img is not an image of GRUB",
    ],
    [
      'a boot sector that is none',
      { bios: { path: 'x', eltorito: Buffer.alloc(30_000), hybrid: Buffer.alloc(512) } },
      "the container's hybrid.img is not a boot sector of GRUB",
    ],
  ])('refuses %s', (_, request, message) => {
    expect(() => planIso({ ...wish, ...request })).toThrow(
      expect.objectContaining({ code: 'BOOT_IMAGE_INVALID', message }),
    );
  });

  it.each([
    ['a/b/c/d/e/f/g/h/i', 'a/b/c/d/e/f/g/h/i lies deeper than 8 levels'],
    ['a/../b', 'a/../b has a name that is none'],
    ['images', 'images is there twice'],
    ['empty/below', 'empty is a file and a directory'],
    ['empty', 'empty is there twice'],
  ])('has no place for %s', (path, message) => {
    expect(() => planIso({ ...wish, files: [...wish.files, file(path, '')] })).toThrow(new RangeError(message));
  });

  it('stores files of any name and size, which others read', { timeout: 60_000 }, async () => {
    const name = fc.oneof(
      fc.stringMatching(/^[a-zA-Z0-9._-]{1,40}$/),
      fc.stringMatching(/^[a-z]{120,250}$/),
      fc.constantFrom('ä', 'name with spaces', "it's", 'Ω.txt', 'lower.txt', 'LOWER.TXT', 'lower.text'),
    );
    const names = fc.array(
      name.filter((text) => text !== '.' && text !== '..' && Buffer.byteLength(text) <= 250),
      { minLength: 1, maxLength: 4 },
    );
    const tree = fc.dictionary(
      names.map((parts) => parts.join('/')),
      fc.integer({ min: 0, max: 5000 }),
      { maxKeys: 60 },
    );
    await fc.assert(
      fc.asyncProperty(tree, async (sizes) => {
        // What a file's path lies below is no file.
        const paths = Object.keys(sizes).filter(
          (path) => !Object.keys(sizes).some((other) => other.startsWith(`${path}/`)) && !path.startsWith('images'),
        );
        const contentOf = (path: string) =>
          Buffer.from(path)
            .subarray(0, 1)
            .toString('hex')
            .repeat(sizes[path] ?? 0);
        const files = paths.map((path) => file(`t/${path}`, contentOf(path)));
        const { path } = await written({ files });
        const out = join(base, 'out');
        await mkdir(out);
        try {
          await run(bsdtar, ['-xf', path, '-C', out, 't']).catch((error: unknown) => {
            if (paths.length > 0) throw error;
          });
          const found = await filesBelow(out);
          expect([...found.keys()].sort()).toEqual(paths.map((own) => `t/${own}`).sort());
          for (const own of paths) expect(found.get(`t/${own}`)?.toString()).toBe(contentOf(own));
        } finally {
          await rm(out, { recursive: true });
        }
      }),
      { numRuns: 40 },
    );
  });
});

async function filesBelow(directory: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return new Map(
    await Promise.all(files.map(async (path) => [relative(directory, path), await readFile(path)] as const)),
  );
}
