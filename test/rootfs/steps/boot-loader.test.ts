import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ArchitectureName } from '../../../src/lib/architecture.ts';
import { bootLoader } from '../../../src/rootfs/steps/boot-loader.ts';
import { contextFor, readTree, script, shellRoot, writeTree } from '../support.ts';

const directory = 'usr/lib/coreos-assembler/boot';
const ownDisk = `regexp --set=1:disk '^\\(([^,)]+)' "$cmdpath"\n`;
const searchByLabel = 'search --no-floppy --set=root --hint="$disk," --label boot\n';
const grubConfig = `${ownDisk}if [ -f "$prefix/bootuuid.cfg" ]; then
  source "$prefix/bootuuid.cfg"
fi
if [ -n "$BOOT_UUID" ]; then
  search --no-floppy --set=root --hint="$disk," --fs-uuid "$BOOT_UUID"
else
  ${searchByLabel}fi
set prefix=($root)/grub
configfile $prefix/grub.cfg
`;

async function gathered(root: string, basearch: ArchitectureName = 'x86_64') {
  const context = contextFor(root, { basearch });
  await bootLoader.run(context);
  const tree = await readTree(join(root, directory)).catch(() => ({}));
  const files = Object.fromEntries(Object.entries(tree).filter(([path]) => !path.endsWith('/')));
  return { context, files };
}

/** Writes the early configuration and the modules where the image should be. */
const mkimage = script(
  'for argument; do case $argument in --output=*) output=${argument#*=};; --config=*) config=${argument#*=};; esac; done',
  'while read -r line; do echo "$line"; done < "$config" > "$output"',
  'for argument; do case $argument in -*) ;; *) echo "$argument";; esac; done >> "$output"',
);

describe('bootLoader', () => {
  it('gathers what Debian has', async () => {
    const root = await shellRoot({
      'usr/lib/os-release': 'ID=debian\n',
      'usr/lib/grub/i386-pc/boot.img': 'boot',
      'usr/lib/grub/i386-pc/boot_hybrid.img': 'hybrid',
      'usr/bin/grub-mkimage': mkimage,
      'usr/lib/shim/shimx64.efi.signed': 'shim',
      'usr/lib/shim/mmx64.efi.signed': 'mok',
      'usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed': 'grub',
    });
    const { context, files } = await gathered(root);
    expect(files).toEqual({
      '/bios/boot.img': 'boot',
      '/bios/core.img': expect.stringContaining(
        `${ownDisk}${searchByLabel}set prefix=($root)/grub\nnormal\nbiosdisk\npart_gpt\n`,
      ),
      '/bios/eltorito.img': expect.stringMatching(
        /^search --no-floppy --set=root --hint=\$root --file \/boot\/grub\/grub.cfg\nset prefix=\(\$root\)\/boot\/grub\nnormal\nbiosdisk\n(.*\n)*iso9660\n/,
      ),
      '/bios/hybrid.img': 'hybrid',
      '/boot.json': '{\n  "reads-entries": false\n}\n',
      '/efi/EFI/BOOT/BOOTX64.EFI': 'shim',
      '/efi/EFI/BOOT/grubx64.efi': 'grub',
      '/efi/EFI/BOOT/mmx64.efi': 'mok',
      '/efi/EFI/debian/grub.cfg': grubConfig,
    });
    expect([...context.generated.keys()].sort()).toEqual(
      Object.keys(files)
        .map((path) => `/${directory}${path}`)
        .sort(),
    );
    expect(context.lines).toContain('boot loaders: BIOS, UEFI');
  });

  it('gathers what Fedora has, the newest version, through links of the root', async () => {
    const root = await writeTree({
      'usr/lib/os-release': 'NAME="Fedora Linux"\nID="fedora"\n',
      'usr/lib/efi': { link: '/usr/share/efi' },
      'usr/share/efi/shim/15.7/EFI/fedora/shimx64.efi': 'old',
      'usr/share/efi/shim/15.8/EFI/fedora/shimx64.efi': 'shim',
      'boot/efi/EFI/fedora/grubx64.efi': 'grub',
    });
    expect((await gathered(root)).files).toEqual({
      '/boot.json': '{\n  "reads-entries": false\n}\n',
      '/efi/EFI/BOOT/BOOTX64.EFI': 'shim',
      '/efi/EFI/BOOT/grubx64.efi': 'grub',
      '/efi/EFI/fedora/grub.cfg': grubConfig,
    });
  });

  it.each([
    ['Fedora from 44 on', '/usr/lib/efi/shim/16.1-5/EFI/fedora', '/usr/lib/efi/grub2/1:2.12-41/EFI/fedora', 'fedora'],
    ['bootupd of CentOS', '/usr/lib/bootupd/updates/EFI/centos', '/usr/lib/bootupd/updates/EFI/centos', 'centos'],
    ['rpm-ostree with Rocky', '/usr/lib/ostree-boot/efi/EFI/rocky', '/usr/lib/ostree-boot/efi/EFI/rocky', 'rocky'],
    ['packages of RHEL', '/boot/efi/EFI/redhat', '/boot/efi/EFI/redhat', 'redhat'],
  ])('finds the directory of GRUB where %s has it', async (_who, shim, grub, vendor) => {
    const names = { x86_64: 'x64', aarch64: 'aa64' } as const;
    for (const [basearch, suffix] of Object.entries(names)) {
      const root = await writeTree({
        'usr/lib/os-release': 'ID=mine\n',
        [`${shim}/shim${suffix}.efi`]: 'shim',
        [`${shim}/mm${suffix}.efi`]: 'mok',
        [`${grub}/grub${suffix}.efi`]: 'GRUB',
        '/usr/lib/efi/grub2/1:2.12-9/EFI/fedora/other': 'older',
        '/boot/efi/EFI/BOOT/BOOT.EFI': '',
      });
      const { files } = await gathered(root, basearch as ArchitectureName);
      expect(Object.keys(files)).toEqual([
        '/boot.json',
        `/efi/EFI/BOOT/BOOT${suffix.toUpperCase()}.EFI`,
        `/efi/EFI/BOOT/grub${suffix}.efi`,
        `/efi/EFI/BOOT/mm${suffix}.efi`,
        `/efi/EFI/${vendor}/grub.cfg`,
      ]);
    }
  });

  it('believes GRUB itself where it looks for its configuration', async () => {
    const root = await writeTree({
      'usr/lib/os-release': 'ID=mine\n',
      'usr/lib/shim/shimx64.efi.signed': 'shim',
      'usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed': 'GRUB\0/EFI/debian\0',
    });
    expect((await gathered(root)).files).toHaveProperty(['/efi/EFI/debian/grub.cfg']);
  });

  describe('with a GRUB that reads entries', () => {
    const efi = {
      'boot/efi/EFI/fedora/shimx64.efi': 'shim',
      'boot/efi/EFI/fedora/grubx64.efi': 'blscfg\0/EFI/fedora\0',
    };
    const bios = { 'usr/lib/grub/i386-pc/boot.img': 'boot', 'usr/bin/grub2-mkimage': mkimage };

    it.each([
      ['by UEFI alone', efi, true, false],
      ['by BIOS alone, a distribution’s', { ...bios, 'usr/lib/grub/i386-pc/blscfg.mod': '' }, true, 'blscfg'],
      ['by both, upstream’s', { ...efi, ...bios, 'usr/lib/grub/i386-pc/blsuki.mod': '' }, true, 'blsuki'],
      ['by UEFI, where that for BIOS does not', { ...efi, ...bios }, false, false],
      [
        'by BIOS, where that for UEFI does not',
        {
          ...{ ...efi, 'boot/efi/EFI/fedora/grubx64.efi': '/EFI/fedora\0' },
          ...{ ...bios, 'usr/lib/grub/i386-pc/blscfg.mod': '' },
        },
        false,
        false,
      ],
    ])('says so: %s', async (_how, nodes, readsEntries, module) => {
      const { files } = await gathered(await shellRoot(nodes));
      expect(JSON.parse(files['/boot.json'] ?? '')).toEqual({ 'reads-entries': readsEntries });
      const lines = (files['/bios/core.img'] ?? '').split('\n');
      expect(lines.filter((line) => line.startsWith('bls'))).toEqual(module === false ? [] : [module]);
    });
  });

  describe('for bootupd', () => {
    const updates = 'usr/lib/bootupd/updates';
    const efiJson = '{"timestamp":"2026-01-01T00:00:00Z","version":"grub2-1,shim-2"}';
    const tree = {
      'BOOT/BOOTX64.EFI': 'shim',
      'BOOT/fbx64.efi': 'fallback',
      'fedora/BOOTX64.CSV': 'entry',
      'fedora/grubx64.efi': 'grub',
      'fedora/shimx64.efi': 'shim',
    };
    const below = (directory: string) =>
      Object.fromEntries(Object.entries(tree).map(([path, content]) => [`${directory}/${path}`, content]));
    const sha512 = (content: string) => `sha512:${createHash('sha512').update(content).digest('hex')}`;
    const children = Object.fromEntries(
      Object.entries(tree).map(([path, content]) => [path, { size: content.length, sha512: sha512(content) }]),
    );

    it.each([
      ['its own directory', below(`${updates}/EFI`)],
      ['the directories of packages', { ...below('usr/lib/efi/shim/2/EFI'), ...below('usr/lib/efi/grub2/1/EFI') }],
    ])('keeps its arrangement, and what it would remember: of %s', async (_where, nodes) => {
      const root = await shellRoot({ ...nodes, [`${updates}/EFI.json`]: efiJson });
      const { files, context } = await gathered(root);
      expect(files).toEqual({
        '/boot.json': '{\n  "reads-entries": false\n}\n',
        '/bootupd-state.json': expect.any(String),
        ...Object.fromEntries(Object.entries(tree).map(([path, content]) => [`/efi/EFI/${path}`, content])),
        '/efi/EFI/fedora/grub.cfg': grubConfig,
      });
      expect(JSON.parse(files['/bootupd-state.json'] ?? '')).toEqual({
        installed: { EFI: { meta: JSON.parse(efiJson) as unknown, filetree: { children }, 'adopted-from': null } },
        pending: null,
        'static-configs': null,
      });
      expect(context.generated.get(`/${updates}/EFI.json`)).toBe('boot-loader');
    });

    it('remembers GRUB for BIOS, where disks get it', async () => {
      const root = await shellRoot({
        ...below(`${updates}/EFI`),
        [`${updates}/EFI.json`]: efiJson,
        [`${updates}/BIOS.json`]: '{"timestamp":"2026-01-01T00:00:00Z","version":"grub2-tools-1","versions":null}',
        'usr/lib/grub/i386-pc/boot.img': 'boot',
        'usr/bin/grub2-mkimage': mkimage,
      });
      const { files } = await gathered(root);
      expect(JSON.parse(files['/bootupd-state.json'] ?? '')).toMatchObject({
        installed: { BIOS: { meta: { version: 'grub2-tools-1', versions: null }, filetree: null } },
      });
    });

    it('says what is wrong with its metadata', async () => {
      const root = await shellRoot({ ...below(`${updates}/EFI`), [`${updates}/EFI.json`]: '{"version":1}' });
      await expect(gathered(root)).rejects.toMatchObject({
        code: 'BOOT_LOADER_FAILED',
        message: expect.stringMatching(
          /^\/usr\/lib\/bootupd\/updates\/EFI.json of the root is not what bootupd writes: /,
        ),
      });
    });
  });

  it('takes nothing that a link of the root finds outside', async () => {
    const outside = await writeTree({ 'shimx64.efi.signed': 'secret', 'grubx64.efi': 'secret' });
    const root = await writeTree({
      'usr/lib/shim': { link: `../../../../..${outside}` },
      'usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed': { link: join(outside, 'grubx64.efi') },
    });
    expect((await gathered(root)).files).toEqual({});
  });

  it.each<ArchitectureName>(['x86_64', 'aarch64', 's390x'])(
    'leaves a %s system without boot loaders without',
    async (basearch) => {
      const { context, files } = await gathered(
        await writeTree({ 'usr/lib/shim/shimx64.efi.signed': 'shim' }),
        basearch,
      );
      expect(files).toEqual({});
      expect(context.generated.size).toBe(0);
    },
  );

  it('quotes what grub-mkimage said', async () => {
    const root = await shellRoot({
      'usr/lib/grub/i386-pc/boot.img': 'boot',
      'usr/bin/grub-mkimage': script('echo "no such module" >&2', 'exit 1'),
    });
    await expect(gathered(root)).rejects.toMatchObject({
      code: 'BOOT_LOADER_FAILED',
      message: '/usr/bin/grub-mkimage in the root: exit status 1\nno such module',
    });
  });
});
