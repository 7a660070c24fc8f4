import { serialLast } from './consoles.ts';
import type { Platform } from './platform.ts';

export const qemu: Platform = {
  name: 'qemu',
  title: 'QEMU, libvirt and what builds on them',
  consoles: {
    x86_64: serialLast,
    // The kernel finds the serial port in the firmware's tables.
    aarch64: { kernel_arguments: [], grub_commands: serialLast.grub_commands },
  },
  sectorSize: 512,
  size: 'image',
  image: 'qcow2',
  ignition: { id: 'qemu' },
  start: [
    {
      does: 'Boot it in QEMU, with a configuration; `cosa run --disk IMAGE` does this, too',
      run: `qemu-system-x86_64 -machine q35,accel=kvm -cpu host -m 2048 -nographic -snapshot \\
  -drive if=virtio,file=IMAGE -nic user,model=virtio \\
  -fw_cfg name=opt/com.coreos/config,file=CONFIG.ign`,
    },
    {
      does: 'Or with libvirt',
      run: `virt-install --import --name NAME --memory 2048 --os-variant linux2022 --graphics none \\
  --disk size=10,backing_store=$(realpath IMAGE) \\
  --qemu-commandline='-fw_cfg name=opt/com.coreos/config,file=/CONFIG.ign'`,
    },
  ],
};
