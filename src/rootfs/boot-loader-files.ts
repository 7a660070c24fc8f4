import { namesInRoot, statInRoot } from '../lib/root-files.ts';
import { resolveDirectoryInRoot } from '../lib/root-path.ts';

/** Where packages put the boot loaders of one architecture, by distribution: the first that is there is taken. */
export interface BootLoaderLayout {
  /** GRUB for BIOS: the directories with its modules, and the programs that join them to an image. */
  bios?: { directories: readonly string[]; programs: readonly string[] };
  /** What stands in EFI/BOOT; without the required ones, the system does not boot with UEFI. */
  efi: readonly { to: string; from: readonly string[]; required: boolean }[];
}

/** `suffix` is the EFI specification's name of the architecture (https://uefi.org/specs/UEFI/2.10, table 3.3). */
function efiFiles(suffix: string, grubTarget: string): BootLoaderLayout['efi'] {
  const places = (debian: string, fedoraPackage: string, file: string) => [
    debian,
    `/usr/lib/efi/${fedoraPackage}/*/EFI/{vendor}/${file}`,
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

/** By the config's name of the architecture. Others boot without GRUB (s390x) or are not known yet. */
export const bootLoaderLayouts: Readonly<Record<string, BootLoaderLayout>> = {
  x86_64: {
    bios: {
      directories: ['/usr/lib/grub/i386-pc'],
      programs: ['/usr/bin/grub-mkimage', '/usr/bin/grub2-mkimage'],
    },
    efi: efiFiles('x64', 'x86_64-efi'),
  },
  aarch64: { efi: efiFiles('aa64', 'arm64-efi') },
};

/**
 * The first of these paths that is a file or directory of the root. A component `*` stands for any name; of
 * several the last in byte order is taken.
 * @returns absolute path in the root, without links
 */
export async function firstPresent(root: string, patterns: readonly string[]): Promise<string | undefined> {
  for (const pattern of patterns) {
    for (const path of (await expand(root, pattern)).reverse()) {
      const resolved = await resolveDirectoryInRoot(root, path);
      const stats = await statInRoot(root, resolved);
      if (stats?.isFile() || stats?.isDirectory()) return resolved;
    }
  }
  return undefined;
}

async function expand(root: string, pattern: string): Promise<string[]> {
  const [before, ...rest] = pattern.split('/*/');
  if (before === undefined || rest.length === 0) return [pattern];
  const names = await namesInRoot(root, before);
  return names.map((name) => `${before}/${name}/${rest.join('/*/')}`);
}
