import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { kernel } from '../../../src/rootfs/steps/kernel.ts';
import { contextFor, readTree, writeTree } from '../support.ts';

describe('kernel', () => {
  it('moves a kernel of /boot beside its modules', async () => {
    const root = await writeTree({
      'boot/vmlinuz-6.12': 'k',
      'boot/config-6.12': 'c',
      'boot/System.map-6.12': 's',
      'usr/lib/modules/6.12/modules.dep': '',
    });
    const context = contextFor(root, {}, '');
    await kernel.run(context);
    expect(context.kernelRelease).toBe('6.12');
    expect(await readTree(`${root}/usr/lib/modules/6.12`)).toEqual({
      '/System.map': 's',
      '/config': 'c',
      '/modules.dep': '',
      '/vmlinuz': 'k',
    });
  });

  it('takes a kernel that is there already, and no modules without one', async () => {
    const root = await writeTree({ 'usr/lib/modules/6.12/vmlinuz': 'k', 'usr/lib/modules/5.0/left': 'over' });
    const context = contextFor(root, {}, '');
    await kernel.run(context);
    expect(context.kernelRelease).toBe('6.12');
  });

  it('leaves that of an rpm beside its modules, and what its scripts have put into /boot', async () => {
    const release = '6.14.0-63.fc42.x86_64';
    const modules = `usr/lib/modules/${release}`;
    const own = { vmlinuz: 'k', config: 'c', 'System.map': 's', 'symvers.xz': 'v', 'modules.block': '' };
    const root = await writeTree({
      ...Object.fromEntries(Object.entries(own).map(([name, content]) => [`${modules}/${name}`, content])),
      [`${modules}/.vmlinuz.hmac`]: 'abc123  vmlinuz',
      [`boot/vmlinuz-${release}`]: 'a copy',
      [`boot/.vmlinuz-${release}.hmac`]: 'abc123  /boot/vmlinuz',
      [`boot/initramfs-${release}.img`]: 'of the host',
      [`boot/loader/entries/0123456789abcdef-${release}.conf`]: 'title',
      'boot/vmlinuz-0-rescue-0123456789abcdef': 'k',
      'boot/initramfs-0-rescue-0123456789abcdef.img': 'i',
      'usr/lib/modules/6.14.0-63.fc42.x86_64+debug/vdso/vdso64.so': '',
    });
    const context = contextFor(root, {}, '');
    await kernel.run(context);
    expect(context.kernelRelease).toBe(release);
    expect(await readTree(join(root, modules))).toEqual({
      ...Object.fromEntries(Object.entries(own).map(([name, content]) => [`/${name}`, content])),
      '/.vmlinuz.hmac': 'abc123  vmlinuz',
    });
  });

  it.each([
    ['abc123  /boot/vmlinuz-6.12\n', 'abc123  vmlinuz-6.12\n'],
    ['abc123  /lib/modules/6.12/vmlinuz', 'abc123  vmlinuz'],
    ['abc123  vmlinuz-6.12\n', 'abc123  vmlinuz-6.12\n'],
    ['no checksum /x/y\n', 'no checksum /x/y\n'],
  ])('makes what verifies the kernel name it wherever it is: %j', async (text, mended) => {
    const root = await writeTree({ 'usr/lib/modules/6.12/vmlinuz': 'k', 'usr/lib/modules/6.12/.vmlinuz.hmac': text });
    await kernel.run(contextFor(root, {}, ''));
    expect((await readTree(root))['/usr/lib/modules/6.12/.vmlinuz.hmac']).toBe(mended);
  });

  it.each([
    [
      { 'usr/lib/modules/6.12/vmlinuz': '', 'usr/lib/modules/6.12+debug/vmlinuz': '' },
      'KERNEL_AMBIGUOUS',
      'the packages have 2 kernels: 6.12, 6.12+debug',
    ],
    [
      { 'usr/lib/modules/6.12/modules.dep': '' },
      'KERNEL_MISSING',
      'the packages have no kernel: neither /boot nor /usr/lib/modules holds one',
    ],
    [{}, 'KERNEL_MISSING', 'the packages have no kernel: neither /boot nor /usr/lib/modules holds one'],
    [
      { 'usr/lib/modules/b/vmlinuz': '', 'usr/lib/modules/a/x': '', 'boot/vmlinuz-a': '' },
      'KERNEL_AMBIGUOUS',
      'the packages have 2 kernels: a, b',
    ],
  ])('refuses %j', async (nodes, code, message) => {
    await expect(kernel.run(contextFor(await writeTree(nodes)))).rejects.toMatchObject({ code, message });
  });
});
