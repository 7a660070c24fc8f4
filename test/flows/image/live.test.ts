import { mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { containerPaths } from '../../../src/contract/paths.ts';
import { readIgnitionArea } from '../../../src/disk/iso-image/ignition-area.ts';
import { currentArguments, readKernelArgumentAreas } from '../../../src/disk/iso-image/kernel-argument-areas.ts';
import { withIso } from '../../../src/disk/iso-image.ts';
import { run } from '../../../src/exec/run.ts';
import type { Tool } from '../../../src/exec/tools.ts';
import { type BuiltImages, buildImages } from '../../../src/flows/image/build.ts';
import { digestFile, sha256Hex } from '../../../src/lib/digest.ts';
import type { PipelineEvent } from '../../../src/progress/events.ts';
import type { Session } from '../../../src/workspace/session.ts';
import { makeTestContainer } from '../../helpers/container.ts';
import { makeOsTree, type OsTree } from '../../helpers/os-tree.ts';
import { silentSession } from '../../helpers/session.ts';

const judge = (name: string, deb: string): Tool => ({ name, packages: { deb, rpm: deb }, purpose: 'reads live media' });
const unsquashfs = judge('unsquashfs', 'squashfs-tools');
const bsdtar = judge('bsdtar', 'libarchive-tools');
const mcopy = judge('mcopy', 'mtools');

const boot = 'usr/lib/coreos-assembler/boot';
const hybrid = `${'\u0001'.repeat(510)}U`;

let base: string;
let directory: string;
let events: PipelineEvent[] = [];
const session: Session = { ...silentSession(), events: (event) => void events.push(event) };
let live: BuiltImages;
let warningsOfLive: PipelineEvent[];
let kernel: string;

async function workDirectory(name: string, tree: OsTree): Promise<string> {
  const made = join(base, name);
  await makeOsTree(join(made, 'tree'), tree);
  await makeTestContainer({ layout: join(made, 'oci'), tag: 'stable', root: join(made, 'tree') });
  return made;
}

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'cosa-live-'));
  // No part of a file repeats, so that what is found in another place was looked for.
  kernel = Array.from({ length: 4000 }, (_, index) => sha256Hex(String(index))).join('');
  directory = await workDirectory('x86', {
    imageConfig: { 'extra-kargs': ['mitigations=auto,nosmt'] },
    files: {
      'usr/lib/modules/6.12.0-test/vmlinuz': kernel,
      [`${boot}/efi/EFI/BOOT/fbx64.efi`]: 'fallback',
      [`${boot}/efi/EFI/BOOT/grubx64.efi`]: 'grub',
      [`${boot}/efi/EFI/debian/grub.cfg`]: 'of disks',
    },
  });
  live = await buildImages(session, { directory, platforms: ['live'], from: 'stable' });
  warningsOfLive = warningsOfBios();
}, 120_000);
afterAll(() => rm(base, { recursive: true }));

const warningsOfBios = () => events.filter((event) => event.type === 'warning' && event.message.includes('BIOS'));

const iso = () => join(directory, 'images/1.0/test-os-1.0-live-iso.x86_64.iso');
const pxe = (file: string) => join(directory, `images/1.0/test-os-1.0-live-${file}`);

async function unpacked(archive: string, ...paths: readonly string[]): Promise<string> {
  const out = await mkdtemp(join(base, 'out-'));
  await run(bsdtar, ['-xf', archive, '-C', out, ...paths]);
  return out;
}

describe('live media', () => {
  it('are an ISO and what is booted over a network, with a record each', async () => {
    expect(live.images.map(({ path }) => path)).toEqual([iso(), pxe('kernel.x86_64')]);
    const [ofIso, ofPxe] = live.images.map(({ record }) => record);
    expect(ofIso).toMatchObject({ platform: 'live-iso', format: 'iso', files: [{ role: 'disk' }] });
    expect(ofPxe).toMatchObject({
      platform: 'live-pxe',
      format: 'pxe',
      ignition: { platform: 'metal' },
      files: [
        { role: 'kernel', name: 'test-os-1.0-live-kernel.x86_64' },
        { role: 'initramfs', name: 'test-os-1.0-live-initramfs.x86_64.img' },
        { role: 'rootfs', name: 'test-os-1.0-live-rootfs.x86_64.img' },
      ],
    });
    expect(ofPxe?.['disk-size']).toBeUndefined();
    for (const { path, record } of live.images) {
      expect(JSON.parse(await readFile(`${path}.json`, 'utf8'))).toEqual(record);
      for (const { name, size, sha256 } of record.files) {
        const file = await digestFile(join(directory, 'images/1.0', name));
        expect([file.size, file.digest]).toEqual([size, `sha256:${sha256}`]);
      }
    }
  });

  it('hold on the ISO what PXE boots, a configuration for both firmwares, and areas for coreos-installer', async () => {
    const out = await unpacked(iso());
    const pairs = { vmlinuz: 'kernel.x86_64', 'initrd.img': 'initramfs.x86_64.img', 'rootfs.img': 'rootfs.x86_64.img' };
    for (const [name, file] of Object.entries(pairs)) {
      const onIso = await readFile(join(out, 'images/pxeboot', name));
      expect(onIso.equals(await readFile(pxe(file)))).toBe(true);
    }
    const finding =
      'search --no-floppy --label "test-os-1.0" --set=root --hint=$root\nconfigfile ($root)/boot/grub/grub.cfg\n';
    expect(await readFile(join(out, 'EFI/debian/grub.cfg'), 'utf8')).toBe(finding);
    const files = ['EFI/BOOT/BOOTX64.EFI', 'EFI/BOOT/grubx64.efi', 'EFI/debian/grub.cfg', 'EFI/BOOT/grub.cfg'];
    const efi = join(out, 'images/efiboot.img');
    const read = async (path: string) => (await run(mcopy, ['-i', efi, `::${path}`, '-'])).stdout;
    expect(await Promise.all(files.map(read))).toEqual(['shim', 'grub', finding, finding]);
    await expect(read('EFI/BOOT/fbx64.efi')).rejects.toThrow();

    const config = await readFile(join(out, 'boot/grub/grub.cfg'), 'utf8');
    const line = 'mitigations=auto,nosmt coreos.liveiso=test-os-1.0 ignition.firstboot ignition.platform.id=metal';
    const signs = '#'.repeat(1024);
    expect(config).toBe(`set default=0
set timeout=5

menuentry 'Test OS 1 1.0 (ostree:0) (Live)' --class gnu-linux --class gnu --class os {
  linux /images/pxeboot/vmlinuz ${line}
${signs} COREOS_KARG_EMBED_AREA
  initrd /images/pxeboot/initrd.img /images/ignition.img
}
`);
    expect(JSON.parse(await readFile(join(out, 'coreos/kargs.json'), 'utf8'))).toEqual({
      default: line,
      files: [{ path: 'boot/grub/grub.cfg', offset: config.indexOf(line), pad: '#', end: '\n' }],
      size: line.length + 1024,
    });
    await withIso(iso(), async (opened) => {
      expect(currentArguments(opened, await readKernelArgumentAreas(opened))).toBe(line);
      expect((await readIgnitionArea(opened)).extent.length).toBe(262_144);
    });
  });

  it('tell their initramfs which root filesystem belongs to it', async () => {
    const archive = join(base, 'appended.cpio');
    const initramfs = await readFile(pxe('initramfs.x86_64.img'));
    const begin = Math.ceil('initramfs'.length / 4) * 4;
    expect(initramfs.toString('utf8', 0, 9)).toBe('initramfs');
    await writeFile(archive, initramfs.subarray(begin));
    const out = await unpacked(archive);
    expect(await readFile(join(out, 'etc/coreos-live-initramfs'), 'utf8')).toBe('1.0\n');
    expect(JSON.parse(await readFile(join(out, 'etc/coreos/features.json'), 'utf8'))).toBeTypeOf('object');
    const rootfs = await readFile(pxe('rootfs.x86_64.img'));
    const chunk = 2 << 20;
    const hashes = Array.from({ length: Math.ceil(rootfs.length / chunk) }, (_, index) =>
      sha256Hex(rootfs.subarray(index * chunk, (index + 1) * chunk)),
    );
    expect(await readFile(join(out, 'etc/coreos-live-want-rootfs'), 'utf8')).toBe(
      ['stream-hash sha256 2097152', ...hashes, ''].join('\n'),
    );
    const members = await unpacked(pxe('rootfs.x86_64.img'));
    expect(await readFile(join(members, 'etc/coreos-live-rootfs'), 'utf8')).toBe('1.0\n');
    expect(rootfs.toString('latin1', 124, 128)).toBe('hsqs');
  });

  it('install the very disks of metal, and hold the kernel once', async () => {
    const root = join(base, 'root');
    await run(unsquashfs, ['-no-progress', '-offset', '124', '-dest', root, pxe('rootfs.x86_64.img')]);
    const options = { directory, platforms: ['metal', 'metal4k'], from: 'stable' };
    const { images } = await buildImages(session, options);
    for (const [index, sectorSize] of [512, 4096].entries()) {
      const layout = await readFile(join(root, `install/${sectorSize}/layout`), 'utf8');
      const lines = layout.trimEnd().split('\n');
      const { record, path } = images[index] ?? {};
      const size = record?.files[0]?.size ?? 0;
      const head = [`size ${size}`, `sha256 ${record?.files[0]?.sha256}`, `sector-size ${sectorSize}`];
      expect(lines.slice(0, 4)).toEqual([...head, 'description test-os 1.0 x86_64']);
      const disk = await diskOf(size, lines.slice(4), join(root, 'install'));
      expect(disk.equals(await readFile(path ?? ''))).toBe(true);
    }
    const beside = await readdir(join(root, 'install/512'));
    expect(beside.sort()).toEqual(['disk.img', 'layout']);
    const stored = await readFile(join(root, 'install/512/disk.img'));
    expect(stored.includes(kernel.slice(0, 4096))).toBe(false);
    const own = await readFile(join(root, 'install/4096/disk.img'));
    // Partition table and FAT alone.
    expect(own.length).toBeLessThan(100_000);
  });

  it('are not made again, and the ISO is the same without what is kept', async () => {
    events = [];
    const again = await buildImages(session, { directory, platforms: ['live-iso'], from: 'stable' });
    expect(again.images).toEqual([live.images[0]]);
    expect(events.filter((event) => event.type === 'step-finished').map(({ title }) => title)).toEqual([
      'make live-iso image',
    ]);
    const output = join(base, 'other');
    const anew = await buildImages(session, {
      directory,
      platforms: ['live-iso'],
      from: 'stable',
      output,
      cache: false,
    });
    expect(anew.images.map(({ record }) => record)).toEqual([live.images[0]?.record]);
  });

  it('are made of what is kept alone: no layer is read', async () => {
    const blob = (digest: string) => join(directory, 'oci/blobs', digest.replace(':', '/'));
    const manifest = JSON.parse(await readFile(blob(live.container.digest), 'utf8')) as {
      layers: { digest: string }[];
    };
    const layers = manifest.layers.map(({ digest }) => blob(digest));
    for (const layer of layers) await rename(layer, `${layer}-away`);
    try {
      const output = join(base, 'of-kept');
      const { images } = await buildImages(session, { directory, platforms: ['live-iso'], from: 'stable', output });
      expect(images.map(({ record }) => record)).toEqual([live.images[0]?.record]);
    } finally {
      for (const layer of layers) await rename(`${layer}-away`, layer);
    }
  });

  it('are made again as a whole if one of their files is another', async () => {
    const [, ofPxe] = live.images;
    const path = pxe('initramfs.x86_64.img');
    await using file = await open(path, 'r+');
    await file.write('X', 0);
    await file.close();
    events = [];
    const again = await buildImages(session, { directory, platforms: ['live-pxe'], from: 'stable' });
    expect(again.images).toEqual([ofPxe]);
    expect(events).toContainEqual({
      type: 'warning',
      message: `${path} is made anew: it is not the file that was written there`,
      hint: undefined,
    });
    expect((await readFile(path)).toString('utf8', 0, 9)).toBe('initramfs');
  });
});

describe('live media of containers', () => {
  it('say how they come to start by BIOS, where they do not', () => {
    expect(warningsOfLive).toEqual([
      {
        type: 'warning',
        message: 'the live ISO starts by UEFI alone: the container has no GRUB for BIOS on live media',
        hint: expect.stringMatching(
          /GRUB's boot_hybrid\.img as hybrid\.img, and eltorito\.img \(grub-mkimage --format=i386-pc-eltorito .+\), into \/usr\/lib\/coreos-assembler\/boot\/bios$/,
        ),
      },
    ]);
  });

  it('show the menu that the config brings, with the arguments and their area in it', async () => {
    const menu =
      "menuentry 'Pond (Live)' {\n\tlinux /images/pxeboot/vmlinuz @@KERNEL-ARGS@@ own=1\n" +
      '################ COREOS_KARG_EMBED_AREA\n\tinitrd /images/pxeboot/initrd.img /images/ignition.img\n}\n';
    const files = { [`${containerPaths.live.slice(1)}/EFI/pond/grub.cfg`]: menu };
    const made = await workDirectory('menu', { imageConfig: { 'extra-kargs': ['quiet'] }, files });
    const { images } = await buildImages(session, { directory: made, platforms: ['live-iso'], from: 'stable' });
    const [path = ''] = images.map((image) => image.path);
    const shown = await readFile(join(await unpacked(path, 'boot'), 'boot/grub/grub.cfg'), 'utf8');
    const line = 'quiet coreos.liveiso=test-os-1.0 ignition.firstboot ignition.platform.id=metal own=1';
    expect(shown).toBe(menu.replace('@@KERNEL-ARGS@@ own=1', line).replace(/#+ COREOS/, `${'#'.repeat(1024)} COREOS`));
    await withIso(path, async (opened) => {
      expect(currentArguments(opened, await readKernelArgumentAreas(opened))).toBe(line);
    });
  });

  it('start by BIOS where there is GRUB for that', async () => {
    const files = { [`${boot}/bios/eltorito.img`]: 'E'.repeat(30_000), [`${boot}/bios/hybrid.img`]: `${hybrid}\u00aa` };
    const made = await workDirectory('bios', { files });
    await writeFile(join(made, 'tree', `${boot}/bios/hybrid.img`), Buffer.from(`${hybrid}\u00aa`, 'latin1'));
    await makeTestContainer({ layout: join(made, 'oci'), tag: 'stable', root: join(made, 'tree') });
    events = [];
    const { images } = await buildImages(session, { directory: made, platforms: ['live-iso'], from: 'stable' });
    const out = await unpacked(images[0]?.path ?? '', 'boot');
    expect((await readdir(join(out, 'boot/grub'))).sort()).toEqual(['eltorito.img', 'grub.cfg']);
    expect(warningsOfBios()).toEqual([]);
  });

  it.each<[string, OsTree, object]>([
    [
      'arguments that do not fit',
      { imageConfig: { 'extra-kargs': Array.from({ length: 4 }, (_, index) => `k${index}=${'x'.repeat(428)}`) } },
      {
        code: 'KERNEL_ARGUMENTS_LENGTH',
        message: "the kernel's arguments have 1800 characters, and live media have room for 1792",
      },
    ],
    [
      'an unknown filesystem',
      { imageConfig: { 'live-rootfs-fstype': 'cramfs' } },
      {
        code: 'FILESYSTEM_UNKNOWN',
        message: 'image.json: "live-rootfs-fstype" is "cramfs", which this program cannot write',
      },
    ],
    [
      'boot loaders that are too large',
      { files: { [`${boot}/efi/EFI/BOOT/grubx64.efi`]: 'g'.repeat(17_000_000) } },
      {
        code: 'BOOT_LOADER_TOO_LARGE',
        message: "the container's boot loaders for UEFI have 17000004 bytes; 16776960 fit on live media",
      },
    ],
    [
      'a boot image that is none',
      { files: { [`${boot}/bios/eltorito.img`]: 'E', [`${boot}/bios/hybrid.img`]: 'H' } },
      { code: 'BOOT_IMAGE_INVALID', message: "the container's hybrid.img is not a boot sector of GRUB" },
    ],
  ])('refuse %s', async (name, tree, error) => {
    const made = await workDirectory(name, tree);
    const built = buildImages(session, { directory: made, platforms: ['live-iso'], from: 'stable' });
    await expect(built).rejects.toMatchObject(error);
    expect(await readdir(join(made, 'images')).catch(() => [])).not.toContain(basename(iso()));
  });
});

/** Writes a disk as an installer does. */
async function diskOf(size: number, lines: readonly string[], from: string): Promise<Buffer> {
  const disk = Buffer.alloc(size);
  for (const line of lines) {
    const [word, offset, length, file, fileOffset] = line.split(' ');
    expect(word).toBe('data');
    await using handle = await open(join(from, file ?? ''), 'r');
    const { bytesRead } = await handle.read(disk, Number(offset), Number(length), Number(fileOffset));
    expect(bytesRead).toBe(Number(length));
  }
  return disk;
}
