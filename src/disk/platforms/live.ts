import { firmwareConsole } from './consoles.ts';
import type { Platform } from './platform.ts';

const live = {
  consoles: { x86_64: firmwareConsole, aarch64: firmwareConsole },
  sectorSize: 512,
  size: 'least',
  ignition: { id: 'metal' },
} as const satisfies Partial<Platform>;

export const liveIso: Platform = {
  ...live,
  name: 'live-iso',
  title: 'live systems from a CD-ROM or USB stick, and installation',
  image: 'live-iso',
  start: [
    {
      does: 'Write it to a USB stick, or attach it to the machine as a CD-ROM; everything on that stick is lost',
      run: 'dd if=IMAGE of=/dev/DISK bs=4M oflag=direct conv=fsync status=progress',
    },
    {
      does: 'Boot from it, by BIOS, by UEFI or with Secure Boot: it needs no disk',
      run: 'qemu-system-x86_64 -machine q35,accel=kvm -cpu host -m 4096 -cdrom IMAGE',
    },
  ],
};

export const livePxe: Platform = {
  ...live,
  name: 'live-pxe',
  title: 'live systems over a network, and installation',
  image: 'live-pxe',
  start: [
    {
      does:
        'Put the three files where an HTTP server gives them out, and have iPXE start them; the root filesystem is fetched ' +
        'by the live system',
      run: `cat > boot.ipxe <<'END'
#!ipxe
set first ignition.firstboot ignition.platform.id=metal ignition.config.url=http://SERVER/CONFIG.ign
kernel http://SERVER/KERNEL initrd=main coreos.live.rootfs_url=http://SERVER/ROOTFS \${first}
initrd --name main http://SERVER/INITRAMFS
boot
END`,
    },
    {
      does: 'Or PXELINUX, over TFTP',
      run: `cat > pxelinux.cfg/default <<'END'
DEFAULT live
LABEL live
  KERNEL KERNEL
  APPEND initrd=INITRAMFS coreos.live.rootfs_url=http://SERVER/ROOTFS ignition.firstboot ignition.platform.id=metal ignition.config.url=http://SERVER/CONFIG.ign
  IPAPPEND 2
END`,
    },
  ],
};
