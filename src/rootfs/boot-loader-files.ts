import type { Architecture } from '../lib/architecture.ts';
import { namesInRoot, statInRoot } from '../lib/root-files.ts';
import { resolveDirectoryInRoot } from '../lib/root-path.ts';

/** Where packages put the boot loaders of one architecture, by distribution: the first that is there is taken. */
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
