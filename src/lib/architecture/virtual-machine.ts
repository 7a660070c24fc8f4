/** Files of a firmware in raw format, where one distribution keeps them. */
export interface FirmwareFiles {
  code: string;
  /** A template: each machine has its own copy, which the guest writes to. */
  variables: string;
}

/** How QEMU makes a machine of an architecture; https://www.qemu.org/docs/master/system/targets.html */
export interface VirtualMachine {
  /** What runs it, and the packages of that. */
  program: string;
  programPackages: { deb: string; rpm: string };
  /** Values of `-machine`, without and with Secure Boot. */
  type: { plain: string; secure: string };
  /** Value of `-cpu` where it is emulated. */
  processor: string;
  /** The device by which a kernel tells that it panics. */
  panicDevice: string;
  /** The device by which it talks to a TPM 2.0. */
  tpmDevice: string;
  /** A guest that ends the machine at once: the first sector of a disk, or code in the memory. */
  probe: 'boot-sector' | 'memory';
  /** True if QEMU has a BIOS built in: then that is what starts machines unless told otherwise. */
  hasBios?: true;
  /** By distribution, the first that is there is taken; `secure` holds the keys that ordinary machines ship with, and enforces them. */
  uefi: { plain: readonly FirmwareFiles[]; secure: readonly FirmwareFiles[] };
  uefiPackages: { deb: string; rpm: string };
  /** True if a mode of the processor keeps the guest from the variables: then QEMU is told to heed it. */
  protectsVariables?: true;
  /** What each of the two flash chips holds in bytes, where QEMU takes no smaller files. */
  flashBytes?: number;
}

/** The machine of x86. */
export const pc: VirtualMachine = {
  program: 'qemu-system-x86_64',
  programPackages: { deb: 'qemu-system-x86', rpm: 'qemu-system-x86-core' },
  // With SMM, only the firmware can write to the variables that say what is trusted.
  type: { plain: 'q35,smm=off', secure: 'q35,smm=on' },
  // Without cx16: QEMU 7.2 emulates cmpxchg16b wrongly, and a Linux 6.12 guest crashes within a minute. Without erms and
  // fsrm: with them Linux copies by one instruction that is emulated byte for byte.
  processor: 'max,-cx16,-erms,-fsrm',
  panicDevice: 'pvpanic',
  tpmDevice: 'tpm-crb',
  probe: 'boot-sector',
  hasBios: true,
  uefi: {
    plain: [
      { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' },
      { code: '/usr/share/edk2/ovmf/OVMF_CODE.fd', variables: '/usr/share/edk2/ovmf/OVMF_VARS.fd' },
    ],
    secure: [
      // "ms": the variables hold Microsoft's keys, which sign shim, and Secure Boot is on.
      { code: '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd' },
      { code: '/usr/share/edk2/ovmf/OVMF_CODE.secboot.fd', variables: '/usr/share/edk2/ovmf/OVMF_VARS.secboot.fd' },
    ],
  },
  uefiPackages: { deb: 'ovmf', rpm: 'edk2-ovmf' },
  protectsVariables: true,
};

/** QEMU's own board for 64-bit Arm. */
export const armBoard: VirtualMachine = {
  program: 'qemu-system-aarch64',
  programPackages: { deb: 'qemu-system-arm', rpm: 'qemu-system-aarch64-core' },
  type: { plain: 'virt,gic-version=max', secure: 'virt,gic-version=max' },
  // Later ones authenticate pointers: emulating that takes ten times as long as all else.
  processor: 'cortex-a72',
  panicDevice: 'pvpanic-pci',
  tpmDevice: 'tpm-tis-device',
  probe: 'memory',
  uefi: {
    plain: [
      { code: '/usr/share/AAVMF/AAVMF_CODE.fd', variables: '/usr/share/AAVMF/AAVMF_VARS.fd' },
      {
        code: '/usr/share/edk2/aarch64/QEMU_EFI-pflash.raw',
        variables: '/usr/share/edk2/aarch64/vars-template-pflash.raw',
      },
    ],
    secure: [{ code: '/usr/share/AAVMF/AAVMF_CODE.ms.fd', variables: '/usr/share/AAVMF/AAVMF_VARS.ms.fd' }],
  },
  uefiPackages: { deb: 'qemu-efi-aarch64', rpm: 'edk2-aarch64' },
  flashBytes: 64 * 1024 * 1024,
};
