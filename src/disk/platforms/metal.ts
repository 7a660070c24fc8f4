import { firmwareConsole } from './consoles.ts';
import type { Platform } from './platform.ts';

export const metal: Platform = {
  name: 'metal',
  title: 'bare metal, and disks that are written as they are',
  consoles: { x86_64: firmwareConsole, aarch64: firmwareConsole },
  sectorSize: 512,
  size: 'least',
  image: 'raw',
  ignition: { id: 'metal' },
  start: [
    {
      does: 'Write it to the disk of the machine, from another system; everything on that disk is lost',
      run: 'dd if=IMAGE of=/dev/DISK bs=4M oflag=direct conv=fsync status=progress',
    },
    {
      does: 'Or let coreos-installer write it, together with a configuration',
      run: 'coreos-installer install /dev/DISK --insecure --image-file IMAGE --ignition-file CONFIG.ign',
    },
    {
      does:
        'Without the installer, say at the boot menu where the configuration is: type e, and add ' +
        '`ignition.config.url=https://…` to the line that begins with linux',
    },
  ],
};

export const metal4k: Platform = {
  ...metal,
  name: 'metal4k',
  title: 'bare metal with disks whose sectors have 4096 bytes',
  sectorSize: 4096,
};
