import type { Tool } from '../tool.ts';

/** UEFI for virtual machines: a file and not a program. Fedora keeps it elsewhere, see vm/firmware.ts. */
export const ovmf: Tool = {
  name: '/usr/share/OVMF/OVMF_CODE_4M.fd',
  packages: { deb: 'ovmf', rpm: 'edk2-ovmf' },
  purpose: 'boots disk images with UEFI and Secure Boot',
  optional: true,
};
