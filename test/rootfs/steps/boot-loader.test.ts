import { createHash } from 'node:crypto';
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

  /** What packages have, by the ending of their architecture; of shim and GRUB and what comes with them. */
  const packaged = {
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

  function grubTarget(suffix: string): string {
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

  describe('for bootupd', () => {
    const updates = 'usr/lib/bootupd/updates';
    const efiJson = '{"timestamp":"2026-01-01T00:00:00Z","version":"grub2-1,shim-2"}';
    const tree = {
      'BOOT/BOOTX64.EFI': 'shim',
      'BOOT/fbx64.efi': 'fallback',
      'fedora/BOOTX64.CSV': 'entry',
      'fedora/grubx64.efi': 'grub',
      'fedora/shimx64.efi': 'shim',
    };
    const treeBelow = (directory: string) =>
      Object.fromEntries(Object.entries(tree).map(([path, content]) => [`${directory}/${path}`, content]));
    const sha512 = (content: string) => `sha512:${createHash('sha512').update(content).digest('hex')}`;
    const children = Object.fromEntries(
      Object.entries(tree).map(([path, content]) => [path, { size: content.length, sha512: sha512(content) }]),
    );

    it.each([
      ['its own directory', treeBelow(`${updates}/EFI`)],
      [
        'the directories of packages',
        { ...treeBelow('usr/lib/efi/shim/2/EFI'), ...treeBelow('usr/lib/efi/grub2/1/EFI') },
      ],
    ])('keeps its arrangement, and what it would remember: of %s', async (_where, nodes) => {
      const root = await shellRoot({ ...nodes, [`${updates}/EFI.json`]: efiJson });
      const { files, context } = await gathered(root);
      expect(files).toEqual({
        '/boot.json': '{\n  "reads-entries": false\n}\n',
        '/bootupd-state.json': expect.any(String),
        ...Object.fromEntries(Object.entries(tree).map(([path, content]) => [`/efi/EFI/${path}`, content])),
        '/efi/EFI/fedora/grub.cfg': grubConfig,
      });
      expect(JSON.parse(files['/bootupd-state.json'] ?? '')).toEqual({
        installed: { EFI: { meta: JSON.parse(efiJson) as unknown, filetree: { children }, 'adopted-from': null } },
        pending: null,
        'static-configs': null,
      });
      expect(context.generated.get(`/${updates}/EFI.json`)).toBe('boot-loader');
    });

    it('takes for aarch64 what it has for aarch64', async () => {
      const paths = packaged['CentOS Stream 9, by bootupd']('aa64');
      const nodes = Object.fromEntries(paths.map((path) => [path, path]));
      const root = await writeTree({ ...nodes, [`${updates}/EFI.json`]: efiJson });
      const { files } = await gathered(root, 'aarch64');
      const arranged = paths
        .filter((path) => path.includes('/EFI/'))
        .map((path) => [path.replace('/usr/lib/bootupd/updates', '/efi'), path]);
      expect(files).toEqual({
        '/boot.json': expect.any(String),
        '/bootupd-state.json': expect.any(String),
        ...Object.fromEntries(arranged),
        '/efi/EFI/centos/grub.cfg': grubConfig,
      });
    });

    // GRUB moved to the new place before shim did.
    it.each([
      ['the rest is where it was', treeBelow(`${updates}/EFI`), true],
      ['the rest is where packages have it', { 'boot/efi/EFI/fedora/shimx64.efi': 'shim' }, false],
    ])('takes no tree that is not whole: %s', async (_which, nodes, isPayload) => {
      const newer = { 'usr/lib/efi/grub2/1/EFI/fedora/grubx64.efi': 'grub' };
      const { files } = await gathered(await writeTree({ ...nodes, ...newer, [`${updates}/EFI.json`]: efiJson }));
      expect(files).toMatchObject({ '/efi/EFI/BOOT/BOOTX64.EFI': 'shim', '/efi/EFI/fedora/grub.cfg': grubConfig });
      expect('/bootupd-state.json' in files).toBe(isPayload);
      expect('/efi/EFI/fedora/grubx64.efi' in files).toBe(isPayload);
      expect('/efi/EFI/BOOT/grubx64.efi' in files).toBe(!isPayload);
    });

    it('remembers GRUB for BIOS, where disks get it', async () => {
      const root = await shellRoot({
        ...treeBelow(`${updates}/EFI`),
        [`${updates}/EFI.json`]: efiJson,
        [`${updates}/BIOS.json`]: '{"timestamp":"2026-01-01T00:00:00Z","version":"grub2-tools-1","versions":null}',
        'usr/lib/grub/i386-pc/boot.img': 'boot',
        'usr/bin/grub2-mkimage': mkimage,
      });
      const { files } = await gathered(root);
      expect(JSON.parse(files['/bootupd-state.json'] ?? '')).toMatchObject({
        installed: { BIOS: { meta: { version: 'grub2-tools-1', versions: null }, filetree: null } },
      });
    });

    it('says what is wrong with its metadata', async () => {
      const root = await shellRoot({ ...treeBelow(`${updates}/EFI`), [`${updates}/EFI.json`]: '{"version":1}' });
      await expect(gathered(root)).rejects.toMatchObject({
        code: 'BOOT_LOADER_FAILED',
        message: expect.stringMatching(
          /^\/usr\/lib\/bootupd\/updates\/EFI.json of the root is not what bootupd writes: /,
        ),
      });
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
