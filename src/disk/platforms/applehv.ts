import type { Platform } from './platform.ts';

const console = {
  kernel_arguments: ['console=tty0', 'console=hvc0'],
  grub_commands: ['serial --speed=115200', 'terminal_input serial console', 'terminal_output serial console'],
};

export const applehv: Platform = {
  name: 'applehv',
  title: "Apple's Virtualization framework, on macOS",
  consoles: { x86_64: console, aarch64: console },
  sectorSize: 512,
  size: 'least',
  image: 'raw',
  ignition: { id: 'applehv' },
  start: [
    {
      does: 'Give the disk the room that the system shall have; it grows at the first boot',
      run: 'truncate -s 20G IMAGE',
    },
    {
      does: 'Boot it with vfkit, which hands over the configuration through a socket',
      run: `vfkit --cpus 2 --memory 2048 --bootloader efi,variable-store=efi-variables,create --ignition CONFIG.ign \\
  --device virtio-blk,path=IMAGE --device virtio-net,nat --device virtio-serial,stdio`,
    },
  ],
};
