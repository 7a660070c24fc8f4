import { expect, it } from 'vitest';
import { writeTree } from '../support.ts';
import { gathered, grubConfig, grubTarget, packaged } from './gathered.ts';

const taken = {
  Debian: ['debian', '/usr/lib/shim', '/usr/lib/grub/TARGET-signed', '.signed'],
  'Fedora 44': ['fedora', '/usr/lib/efi/shim/16.1-5/EFI/fedora', '/usr/lib/efi/grub2/1:2.12-60.fc44/EFI/fedora', ''],
  'CentOS Stream 9, by bootupd': [
    'centos',
    '/usr/lib/bootupd/updates/EFI/centos',
    '/usr/lib/bootupd/updates/EFI/centos',
    '',
  ],
  'Rocky Linux, by rpm-ostree': [
    'rocky',
    '/usr/lib/ostree-boot/efi/EFI/rocky',
    '/usr/lib/ostree-boot/efi/EFI/rocky',
    '',
  ],
  'Fedora 43': ['fedora', '/boot/efi/EFI/fedora', '/boot/efi/EFI/fedora', ''],
  RHEL: ['redhat', '/boot/efi/EFI/redhat', '/boot/efi/EFI/redhat', ''],
} as const;

const names = Object.keys(packaged) as (keyof typeof packaged)[];
it.each(names.flatMap((name) => [[name, 'x86_64', 'x64'] as const, [name, 'aarch64', 'aa64'] as const]))(
  'takes of the files of %s for %s',
  async (name, basearch, suffix) => {
    const nodes = Object.fromEntries(packaged[name](suffix).map((path) => [path, `of ${path}`]));
    const root = await writeTree({ 'usr/lib/os-release': 'ID=debian\n', ...nodes });
    const { files } = await gathered(root, basearch);
    const [vendor, shim, grub, ending] = taken[name];
    expect(files).toEqual({
      '/boot.json': '{\n  "reads-entries": false\n}\n',
      [`/efi/EFI/BOOT/BOOT${suffix.toUpperCase()}.EFI`]: `of ${shim}/shim${suffix}.efi${ending}`,
      [`/efi/EFI/BOOT/grub${suffix}.efi`]: `of ${grub.replace('TARGET', grubTarget(suffix))}/grub${suffix}.efi${ending}`,
      [`/efi/EFI/BOOT/mm${suffix}.efi`]: `of ${shim}/mm${suffix}.efi${ending}`,
      [`/efi/EFI/${vendor}/grub.cfg`]: grubConfig,
    });
  },
);
