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
      '/efi/EFI/BOOT/BOOTX64.EFI': 'shim',
      '/efi/EFI/BOOT/grubx64.efi': 'grub',
      '/efi/EFI/fedora/grub.cfg': grubConfig,
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
