import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { shellRoot, writeTree } from '../support.ts';
import { gathered, grubConfig, mkimage, packaged } from './gathered.ts';

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
