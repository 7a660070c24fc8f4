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

  it.each([
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
