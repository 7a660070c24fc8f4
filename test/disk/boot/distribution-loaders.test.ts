import { describe, expect, it } from 'vitest';
import { distributionLoaders } from '../../../src/disk/boot/distribution-loaders.ts';
import { sha256Hex } from '../../../src/lib/digest.ts';
import { commitDirectories } from '../../helpers/commit-directories.ts';

const find = (paths: readonly string[]) => distributionLoaders(commitDirectories(paths).root, 'x86_64');

describe("a distribution's boot loaders", () => {
  it.each([
    {
      name: 'as Debian has them: nothing says whose they are',
      paths: ['/usr/lib/shim/shimx64.efi.signed', '/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed'],
      vendor: undefined,
    },
    {
      name: 'as packages of Fedora have them, of the newest version',
      paths: ['/usr/lib/efi/shim/15.8-3/EFI/fedora/shimx64.efi', '/usr/lib/efi/grub2/2.12-9/EFI/fedora/grubx64.efi'],
      more: ['/usr/lib/efi/shim/15.6-1/EFI/fedora/shimx64.efi', '/usr/lib/efi/shim/15.8-3/EFI/BOOT/shimx64.efi'],
      vendor: 'fedora',
    },
    {
      name: 'as bootupd keeps them',
      paths: [
        '/usr/lib/bootupd/updates/EFI/centos/shimx64.efi',
        '/usr/lib/bootupd/updates/EFI/centos/grubx64.efi',
        '/usr/lib/bootupd/updates/EFI/centos/mmx64.efi',
      ],
      vendor: 'centos',
    },
  ])('are found $name', ({ paths, more = [], vendor }) => {
    const names = ['BOOTX64.EFI', 'grubx64.efi', 'mmx64.efi'];
    expect(find([...more, ...paths])).toEqual({
      esp: paths.map((source, index) => ({ path: `EFI/BOOT/${names[index]}`, source, checksum: sha256Hex(source) })),
      grub: sha256Hex(paths[1] ?? ''),
      vendor,
    });
  });

  it('are arranged as bootupd has them, where it is to update them', () => {
    const fedora = [
      'BOOT/BOOTX64.EFI',
      'BOOT/fbx64.efi',
      'fedora/BOOTX64.CSV',
      'fedora/grubx64.efi',
      'fedora/shimx64.efi',
    ];
    const metadata = '/usr/lib/bootupd/updates/EFI.json';
    for (const top of ['/usr/lib/bootupd/updates/EFI', '/usr/lib/efi/both/1/EFI']) {
      const paths = fedora.map((path) => `${top}/${path}`);
      expect(
        find([metadata, ...paths])
          ?.esp.map(({ path, source }) => [path, source])
          .sort(),
      ).toEqual(fedora.map((path) => [`EFI/${path}`, `${top}/${path}`]));
    }
    const older = '/usr/lib/efi/shim/15.8-9/EFI/fedora/shimx64.efi';
    const newer = '/usr/lib/efi/shim/15.8-10/EFI/fedora/shimx64.efi';
    const first = '/usr/lib/efi/shim/15.8-10/EFI/BOOT/BOOTX64.EFI';
    const grub = '/usr/lib/efi/grub2/1/EFI/fedora/grubx64.efi';
    expect(
      find([metadata, newer, older, grub, first])
        ?.esp.map(({ source }) => source)
        .sort(),
    ).toEqual([grub, first, newer]);
    // Without what firmware starts, bootupd would make nothing that boots of these.
    expect(find([metadata, newer, grub])?.esp.map(({ path, source }) => [path, source])).toEqual([
      ['EFI/BOOT/BOOTX64.EFI', newer],
      ['EFI/BOOT/grubx64.efi', grub],
    ]);
  });

  it.each(['x86_64', 'aarch64'] as const)('are those of the architecture: %s', (architecture) => {
    const suffix = architecture === 'x86_64' ? 'x64' : 'aa64';
    const other = suffix === 'x64' ? 'aa64' : 'x64';
    const top = '/usr/lib/efi';
    const both = [suffix, other].flatMap((ending) => [
      `${top}/shim/16.1-5/EFI/fedora/shim${ending}.efi`,
      `${top}/shim/16.1-5/EFI/fedora/mm${ending}.efi`,
      `${top}/grub2/1:2.12-60.fc44/EFI/fedora/grub${ending}.efi`,
    ]);
    const found = distributionLoaders(commitDirectories(both).root, architecture);
    expect(found?.esp.map(({ path, source }) => [path, source])).toEqual([
      [`EFI/BOOT/BOOT${suffix.toUpperCase()}.EFI`, both[0]],
      [`EFI/BOOT/grub${suffix}.efi`, both[2]],
      [`EFI/BOOT/mm${suffix}.efi`, both[1]],
    ]);
  });

  it.each([
    { name: 'shim without GRUB', paths: ['/usr/lib/shim/shimx64.efi.signed'] },
    {
      name: 'those of another architecture',
      paths: ['/usr/lib/shim/shimaa64.efi.signed', '/usr/lib/grub/arm64-efi-signed/grubaa64.efi.signed'],
    },
    {
      name: 'a vendor that is no directory of a FAT filesystem',
      paths: ['/boot/efi/EFI/a:b/shimx64.efi', '/boot/efi/EFI/a:b/grubx64.efi'],
    },
  ])('are not there: $name', ({ paths }) => {
    expect(find(paths)).toBeUndefined();
  });
});
