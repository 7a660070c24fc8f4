import { describe, expect, it } from 'vitest';
import { parseLoaderEntry, withOptions } from '../../../src/disk/boot/loader-entry.ts';

const text = `title Debian CoreOS 1.2 (ostree:0)
version 1
options ostree=/ostree/boot.1/os/abc/0
linux /ostree/os-abc/vmlinuz-6.12
initrd /ostree/os-abc/initramfs-6.12.img
`;

describe('parseLoaderEntry', () => {
  it('reads what ostree writes', () => {
    expect(parseLoaderEntry(text)).toEqual({
      title: 'Debian CoreOS 1.2 (ostree:0)',
      options: 'ostree=/ostree/boot.1/os/abc/0',
      linux: '/ostree/os-abc/vmlinuz-6.12',
      initrd: '/ostree/os-abc/initramfs-6.12.img',
    });
  });

  it.each(['title', 'linux', 'initrd', 'options'])('needs a line "%s"', (key) => {
    const without = text.replace(new RegExp(`^${key} .*\\n`, 'm'), '');
    expect(() => parseLoaderEntry(without)).toThrow(`the boot loader entry has no "${key}"`);
  });
});

describe('withOptions', () => {
  it('replaces the options alone, whatever characters they have', () => {
    const options = "a $ignition_firstboot $& $1 b='c'";
    const changed = withOptions(text, options);
    expect(parseLoaderEntry(changed)).toEqual({ ...parseLoaderEntry(text), options });
    expect(changed.split('\n').length).toBe(text.split('\n').length);
  });
});
