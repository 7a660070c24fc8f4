import { posix } from 'node:path';
import type { Architecture } from '../lib/architecture.ts';

/**
 * What GRUB does before it has a configuration: find the boot filesystem by its label. That of the disk which GRUB itself
 * was started from comes first, for the machine may have several disks of one image: `$cmdpath` is `(hd0)` or
 * `(hd0,gpt2)/EFI/BOOT`, and a hint with a comma at its end stands for all partitions.
 */
const ownDisk = `regexp --set=1:disk '^\\(([^,)]+)' "$cmdpath"\n`;
const searchByLabel = 'search --no-floppy --set=root --hint="$disk," --label boot\n';
const setPrefix = 'set prefix=($root)/grub\n';

/** The file by which GRUB for BIOS finds the live medium that it comes from, and which it is then configured by. */
export const liveGrubConfig = 'boot/grub/grub.cfg';

/** What GRUB for BIOS does on live media before it has a configuration: of several, the one counts that it was started from. */
export const liveBiosGrubConfig = `search --no-floppy --set=root --hint=$root --file /${liveGrubConfig}
set prefix=($root)/boot/grub
normal
`;

/** What the core image for BIOS does. */
export const biosGrubConfig = `${ownDisk}${searchByLabel}${setPrefix}normal\n`;

/**
 * What the signed GRUB reads, which looks for its configuration in the EFI system partition, in the directory of the
 * distribution that signed it. The boot filesystem that a machine is bound to, once its first boot is over, stands
 * beside that configuration.
 */
export const espGrubConfig = `${ownDisk}if [ -f "$prefix/bootuuid.cfg" ]; then
  source "$prefix/bootuuid.cfg"
fi
if [ -n "$BOOT_UUID" ]; then
  search --no-floppy --set=root --hint="$disk," --fs-uuid "$BOOT_UUID"
else
  ${searchByLabel}fi
${setPrefix}configfile $prefix/grub.cfg
`;

/** A place where packages put shim and GRUB for UEFI. In a path, `*` stands for any name, and `{vendor}` for that of a distribution. */
interface EfiPlace {
  /** The directory of shim, and of what it can start besides. */
  shim: string;
  grub: string;
  /** What the names of the files end in. */
  ending: string;
}

/** By distribution, and by its age: the first that is there is taken. `{target}` is GRUB's name of the architecture. */
const efiPlaces: readonly EfiPlace[] = [
  // Debian and Ubuntu.
  { shim: '/usr/lib/shim', grub: '/usr/lib/grub/{target}-signed', ending: '.signed' },
  // Fedora from 44 on: a directory of each package, and in it of each version.
  inOneTree('/usr/lib/efi/*/*/EFI'),
  // Where bootupd has prepared its update.
  inOneTree('/usr/lib/bootupd/updates/EFI'),
  // Where rpm-ostree, and we, keep what packages have in /boot.
  inOneTree('/usr/lib/ostree-boot/efi/EFI'),
  // Fedora and its relatives: the package's own place.
  inOneTree('/boot/efi/EFI'),
];

function inOneTree(tree: string): EfiPlace {
  return { shim: `${tree}/{vendor}`, grub: `${tree}/{vendor}`, ending: '' };
}

/** Where packages put GRUB for BIOS: `{target}` is its name of the architecture. */
const biosPlaces = {
  directories: ['/usr/lib/grub/{target}', '/usr/lib/grub2/{target}', '/usr/share/grub2/{target}'],
  programs: ['/usr/bin/grub-mkimage', '/usr/bin/grub2-mkimage'],
} as const;

/** Where bootupd keeps what it updates boot loaders by. */
export const bootupdPlaces = {
  /** `EFI.json` and `BIOS.json` say which versions there are. */
  metadata: '/usr/lib/bootupd/updates',
  /** The files of EFI, by age: the first that has shim and GRUB is taken, all of it. */
  trees: ['/usr/lib/efi/*/*/EFI', '/usr/lib/bootupd/updates/EFI'],
} as const;

/** The boot loaders of one architecture. */
export interface BootLoaderLayout {
  /** GRUB for BIOS: the directories with its modules, and the programs that join them to an image. */
  bios?: { target: string; directories: readonly string[]; programs: readonly string[] };
  /** What stands in EFI/BOOT, and where it may come from; without the required ones, the system does not boot with UEFI. */
  efi: readonly { to: string; from: readonly string[]; required: boolean }[];
}

/** Whether these files, paths below EFI, are all that it takes to boot with UEFI: what bootupd would make a partition of. */
export function isWholeEfi(paths: Iterable<string>, { efi }: BootLoaderLayout): boolean {
  const names = new Set([...paths].map((path) => posix.basename(path)));
  return efi.every(({ to, required }) => !required || names.has(to));
}

function efiFiles(suffix: string, target: string): BootLoaderLayout['efi'] {
  const places = (kind: 'shim' | 'grub', file: string) =>
    efiPlaces.map((place) => `${place[kind].replace('{target}', target)}/${file}${place.ending}`);
  return [
    { to: `BOOT${suffix.toUpperCase()}.EFI`, from: places('shim', `shim${suffix}.efi`), required: true },
    { to: `grub${suffix}.efi`, from: places('grub', `grub${suffix}.efi`), required: true },
    { to: `mm${suffix}.efi`, from: places('shim', `mm${suffix}.efi`), required: false },
  ];
}

/** `undefined` for an architecture that boots without GRUB, or whose boot loaders are not known yet. */
export function bootLoaderLayout({ efi, grub }: Architecture): BootLoaderLayout | undefined {
  if (efi === undefined || grub === undefined) return undefined;
  const layout = { efi: efiFiles(efi, grub.efi) };
  const target = grub.bios;
  if (target === undefined) return layout;
  const directories = biosPlaces.directories.map((path) => path.replace('{target}', target));
  return { ...layout, bios: { target, directories, programs: biosPlaces.programs } };
}
