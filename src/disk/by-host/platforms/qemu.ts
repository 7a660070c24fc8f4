import { qcow2 } from '../formats/qcow2.ts';
import { cloudDiskSize, screenAndSerial } from './common.ts';
import type { DiskPlatform } from './platform.ts';

export const qemu: DiskPlatform = {
  name: 'qemu',
  title: 'QEMU, libvirt and what builds on them',
  format: qcow2,
  compressible: true,
  sectorSize: 512,
  firmware: ['bios', 'uefi'],
  diskSize: cloudDiskSize,
  console: screenAndSerial,
};
