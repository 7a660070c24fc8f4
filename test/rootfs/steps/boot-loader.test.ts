import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ArchitectureName } from '../../../src/lib/architecture.ts';
import { directory, gathered, grubConfig, mkimage, ownDisk, searchByLabel } from '../boot-loaders/gathered.ts';
import { script, shellRoot, writeTree } from '../support.ts';

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
