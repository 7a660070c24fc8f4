import { join } from 'node:path';
import type { ArchitectureName } from '../../../src/lib/architecture.ts';
import { bootLoader } from '../../../src/rootfs/steps/boot-loader.ts';
import { contextFor, readTree, script } from '../support.ts';

/** Where disks take boot loaders from. */
export const directory = 'usr/lib/coreos-assembler/boot';
export const ownDisk = `regexp --set=1:disk '^\\(([^,)]+)' "$cmdpath"\n`;
export const searchByLabel = 'search --no-floppy --set=root --hint="$disk," --label boot\n';
/** What GRUB is given beside itself in the EFI system partition. */
export const grubConfig = `${ownDisk}if [ -f "$prefix/bootuuid.cfg" ]; then
  source "$prefix/bootuuid.cfg"
fi
if [ -n "$BOOT_UUID" ]; then
  search --no-floppy --set=root --hint="$disk," --fs-uuid "$BOOT_UUID"
else
  ${searchByLabel}fi
set prefix=($root)/grub
configfile $prefix/grub.cfg
`;

/** What the step makes of a root: its context, and the files by their path below {@link directory}. */
export async function gathered(root: string, basearch: ArchitectureName = 'x86_64') {
  const context = contextFor(root, { basearch });
  await bootLoader.run(context);
  const tree = await readTree(join(root, directory)).catch(() => ({}));
  const files = Object.fromEntries(Object.entries(tree).filter(([path]) => !path.endsWith('/')));
  return { context, files };
}

/** Writes the early configuration and the modules where the image should be. */
export const mkimage = script(
  'for argument; do case $argument in --output=*) output=${argument#*=};; --config=*) config=${argument#*=};; esac; done',
  'while read -r line; do echo "$line"; done < "$config" > "$output"',
  'for argument; do case $argument in -*) ;; *) echo "$argument";; esac; done >> "$output"',
);

/** What packages have, by the ending of their architecture; of shim and GRUB and what comes with them. */
export const packaged = {
  Debian: (suffix: string) => [
    ...['shim', 'mm', 'fb'].map((name) => `/usr/lib/shim/${name}${suffix}.efi${name === 'shim' ? '.signed' : ''}`),
    ...['mm', 'fb'].map((name) => `/usr/lib/shim/${name}${suffix}.efi.signed`),
    `/usr/lib/shim/BOOT${suffix.toUpperCase()}.CSV`,
    ...['grub', 'gcd', 'grubnet'].map(
      (name) => `/usr/lib/grub/${grubTarget(suffix)}-signed/${name}${suffix}.efi.signed`,
    ),
    `/usr/lib/grub/${grubTarget(suffix)}/monolithic/grub${suffix}.efi`,
  ],
  'Fedora 44': (suffix: string) => [
    ...below('/usr/lib/efi/grub2/1:2.12-60.fc44/EFI', ['fedora/gcd*.efi', 'fedora/grub*.efi'], suffix),
    ...below('/usr/lib/efi/shim/16.1-5/EFI', ofShim('fedora'), suffix),
    '/usr/lib/efi/grub2/1:2.12-9.fc44/EFI/fedora/other.efi',
    '/boot/grub2/fonts/unicode.pf2',
  ],
  'CentOS Stream 9, by bootupd': (suffix: string) => [
    ...below('/usr/lib/bootupd/updates/EFI', [...ofShim('centos'), 'centos/grub*.efi', 'centos/gcd*.efi'], suffix),
    '/usr/lib/ostree-boot/grub2/fonts/unicode.pf2',
  ],
  'Rocky Linux, by rpm-ostree': (suffix: string) =>
    below('/usr/lib/ostree-boot/efi/EFI', [...ofShim('rocky'), 'rocky/grub*.efi'], suffix),
  'Fedora 43': (suffix: string) =>
    below(
      '/boot/efi/EFI',
      [...ofShim('fedora'), 'fedora/shim*-fedora.efi', 'fedora/grub*.efi', 'fedora/gcd*.efi'],
      suffix,
    ),
  RHEL: (suffix: string) => below('/boot/efi/EFI', [...ofShim('redhat'), 'redhat/grub*.efi'], suffix),
};

/** GRUB's name of the architecture. */
export function grubTarget(suffix: string): string {
  return suffix === 'aa64' ? 'arm64-efi' : 'x86_64-efi';
}

function ofShim(vendor: string): string[] {
  return [
    'BOOT/BOOT+.EFI',
    'BOOT/fb*.efi',
    ...['BOOT+.CSV', 'mm*.efi', 'shim*.efi', 'shim.efi'].map((name) => `${vendor}/${name}`),
  ];
}

function below(directory: string, names: readonly string[], suffix: string): string[] {
  return names.map((name) => `${directory}/${name.replace('*', suffix).replace('+', suffix.toUpperCase())}`);
}
