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

/**
 * Where packages put the boot loaders of one architecture, by distribution: the first that is there is taken. In a path,
 * `*` stands for any name, and `{vendor}` for that of the distribution: `debian`, `fedora`.
 */
export interface BootLoaderLayout {
  /** GRUB for BIOS: the directories with its modules, and the programs that join them to an image. */
  bios?: { target: string; directories: readonly string[]; programs: readonly string[] };
  /** What stands in EFI/BOOT; without the required ones, the system does not boot with UEFI. */
  efi: readonly { to: string; from: readonly string[]; required: boolean }[];
}

function efiFiles(suffix: string, grubTarget: string): BootLoaderLayout['efi'] {
  const places = (debian: string, fedoraPackage: string, file: string) => [
    debian,
    `/usr/lib/efi/${fedoraPackage}/*/EFI/{vendor}/${file}`,
    `/usr/lib/bootupd/updates/EFI/{vendor}/${file}`,
    `/boot/efi/EFI/{vendor}/${file}`,
  ];
  const shim = `shim${suffix}.efi`;
  const grub = `grub${suffix}.efi`;
  const mokManager = `mm${suffix}.efi`;
  return [
    {
      to: `BOOT${suffix.toUpperCase()}.EFI`,
      from: places(`/usr/lib/shim/${shim}.signed`, 'shim', shim),
      required: true,
    },
    {
      to: grub,
      from: places(`/usr/lib/grub/${grubTarget}-signed/${grub}.signed`, 'grub2', grub),
      required: true,
    },
    {
      to: mokManager,
      from: places(`/usr/lib/shim/${mokManager}.signed`, 'shim', mokManager),
      required: false,
    },
  ];
}

/** `undefined` for an architecture that boots without GRUB, or whose boot loaders are not known yet. */
export function bootLoaderLayout({ efi, grub }: Architecture): BootLoaderLayout | undefined {
  if (efi === undefined || grub === undefined) return undefined;
  const layout = { efi: efiFiles(efi, grub.efi) };
  if (grub.bios === undefined) return layout;
  const programs = ['/usr/bin/grub-mkimage', '/usr/bin/grub2-mkimage'];
  return { ...layout, bios: { target: grub.bios, directories: [`/usr/lib/grub/${grub.bios}`], programs } };
}
