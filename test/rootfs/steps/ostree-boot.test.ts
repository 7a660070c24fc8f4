import { expect, it } from 'vitest';
import { ostreeBoot } from '../../../src/rootfs/steps/ostree-boot.ts';
import { contextFor, readTree, writeTree } from '../support.ts';

async function kept(nodes: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  const root = await writeTree(nodes);
  await ostreeBoot.run(contextFor(root));
  const files = Object.entries(await readTree(root)).filter(([path]) => !path.endsWith('/'));
  return Object.fromEntries(files);
}

it('keeps the boot loaders that packages have in /boot', async () => {
  const tree = {
    'boot/efi/EFI/fedora/shimx64.efi': 'shim',
    'boot/vmlinuz-6.12': 'k',
    'boot/grub2/fonts/unicode.pf2': '',
  };
  expect(await kept(tree)).toEqual({
    '/usr/lib/ostree-boot/efi/EFI/fedora/shimx64.efi': 'shim',
    '/boot/vmlinuz-6.12': 'k',
    '/boot/grub2/fonts/unicode.pf2': '',
  });
});

it('changes nothing where there are none, or others in their place', async () => {
  expect(await kept({ 'boot/vmlinuz-6.12': 'k' })).toEqual({ '/boot/vmlinuz-6.12': 'k' });
  const both = { 'boot/efi/EFI/a/x': '1', 'usr/lib/ostree-boot/efi/EFI/a/x': '2' };
  expect(await kept(both)).toEqual({ '/boot/efi/EFI/a/x': '1', '/usr/lib/ostree-boot/efi/EFI/a/x': '2' });
});
