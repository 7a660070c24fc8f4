import { appendFile, copyFile, cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { debianRoot, runInside } from '../helpers/debian-root.ts';

// Boot loaders arranged as Fedora's packages have them, since 44, with bootupd: of Debian's files, for no others can be had
// everywhere. GRUB is one of 2.14, whose own `blscfg` stands in for that of Fedora's.

const overlay = 'overlay.d/90fedora-layout';

/** What Fedora's GRUB has in it, and it needs. */
const modules = [
  ...['all_video', 'blsuki', 'boot', 'cat', 'configfile', 'echo', 'ext2', 'fat', 'font', 'gfxterm', 'gzio', 'halt'],
  ...['iso9660', 'linux', 'loadenv', 'ls', 'minicmd', 'normal', 'part_gpt', 'probe', 'reboot', 'regexp', 'search'],
  ...['search_fs_uuid', 'search_label', 'serial', 'sleep', 'terminal', 'terminfo', 'test', 'true', 'xfs'],
];

/** The first line says the byte order; the name, the text in firmware's menu, and what it is given. */
const bootEntry = '\ufeffshimx64.efi,Fedora,,This is the boot entry for Fedora\n';

/**
 * Changes a copy of the example so that its boot loaders are these, and no others.
 * @param scratch a directory for what is made on the way
 */
export async function takeFedoraLayout(config: string, scratch: string): Promise<void> {
  const grubPackages = ['grub2-common', 'grub-efi-amd64-bin', 'grub-pc-bin'];
  const packages = [...grubPackages, 'shim-signed', 'shim-helpers-amd64-signed'];
  const debian = await debianRoot({ suite: 'sid', packages, state: 'unpacked' });
  const grub = await makeGrub(debian, scratch);
  const shim = join(debian, 'usr/lib/shim');
  const files: Record<string, string> = {
    'shim/16.1-2/EFI/BOOT/BOOTX64.EFI': join(shim, 'shimx64.efi.signed'),
    'shim/16.1-2/EFI/BOOT/fbx64.efi': join(shim, 'fbx64.efi.signed'),
    'shim/16.1-2/EFI/fedora/shimx64.efi': join(shim, 'shimx64.efi.signed'),
    'shim/16.1-2/EFI/fedora/mmx64.efi': join(shim, 'mmx64.efi.signed'),
    'grub2/1:2.14-4/EFI/fedora/grubx64.efi': grub,
  };
  const to = join(config, overlay);
  for (const [path, source] of Object.entries(files)) await copy(source, join(to, 'usr/lib/efi', path));
  await writeFile(join(to, 'usr/lib/efi/shim/16.1-2/EFI/fedora/BOOTX64.CSV'), Buffer.from(bootEntry, 'utf16le'));
  await cp(join(debian, 'usr/lib/grub/i386-pc'), join(to, 'usr/lib/grub/i386-pc'), { recursive: true });
  await copy(join(debian, 'usr/bin/grub-mkimage'), join(to, 'usr/bin/grub-mkimage'));
  const updates = join(to, 'usr/lib/bootupd/updates');
  await mkdir(updates, { recursive: true });
  const metadata = { timestamp: '2026-01-01T00:00:00Z', version: 'grub2-1:2.14-4,shim-16.1-2' };
  await writeFile(join(updates, 'EFI.json'), JSON.stringify(metadata));
  // With those of Debian's goes the program that makes menus of entries: Fedora has none of this name.
  const debians = ['usr/lib/shim', 'usr/lib/grub/x86_64-efi-signed', 'usr/sbin/grub-mkconfig'];
  const removed = debians.map((path) => `  - ${path}\n`);
  // The list of overlays is what the manifest ends with.
  const added = `  - overlay/90fedora-layout\n\nremove-files:\n${removed.join('')}`;
  await appendFile(join(config, 'manifest.yaml'), added);
}

async function makeGrub(debian: string, scratch: string): Promise<string> {
  const output = join(scratch, 'grubx64.efi');
  const options = ['--directory=/usr/lib/grub/x86_64-efi', '--format=x86_64-efi', '--prefix=/EFI/fedora'];
  const command = ['/usr/bin/grub-mkimage', ...options, `--output=${output}`, ...modules];
  const { exitCode, stderr } = await runInside(debian, command, { shared: [scratch] });
  if (exitCode !== 0) throw new Error(`grub-mkimage: exit status ${exitCode}\n${stderr}`);
  return output;
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
}
