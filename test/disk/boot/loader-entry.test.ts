import { expect, it } from 'vitest';
import { formatLoaderEntry } from '../../../src/disk/boot/loader-entry.ts';

const entry = {
  title: 'Test OS 1.0 (ostree:0)',
  linux: '/ostree/x/vmlinuz',
  initrd: '/ostree/x/initramfs.img',
  options: 'rw $ignition_firstboot ostree=/x',
};

it("writes an entry's keys in ostree's order, and none without a value", () => {
  expect(formatLoaderEntry(entry)).toBe(
    'title Test OS 1.0 (ostree:0)\nversion 1\noptions rw $ignition_firstboot ostree=/x\nlinux /ostree/x/vmlinuz\ninitrd /ostree/x/initramfs.img\n',
  );
  expect(formatLoaderEntry({ ...entry, devicetree: '/d' }).split('\n')[3]).toBe('devicetree /d');
  expect(formatLoaderEntry({ ...entry, fdtdir: '/d' }).split('\n')[5]).toBe('fdtdir /d');
});
