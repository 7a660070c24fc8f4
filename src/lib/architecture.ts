import { arch } from 'node:process';
import { armBoard, pc, type VirtualMachine } from './architecture/virtual-machine.ts';
import { usageError } from './errors.ts';

/** What we know of a processor architecture, and how each of our neighbours spells it. */
interface ArchitectureRow {
  /** rpm's and the kernel's: in configs (`basearch`), lockfiles and file names. */
  name: string;
  /** Go's, and so OCI's: https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md#platform-variants */
  oci: string;
  /** OCI's variant that every machine can run: to name it says no more than to leave it out. */
  commonVariant?: string;
  debian: string;
  node: NodeJS.Architecture;
  /** True if disk images can be made: they have a partition table, and boot with GRUB. */
  hasDisks?: boolean;
  /** QEMU's machine, where disk images can be booted. */
  machine?: VirtualMachine;
  /** True if the ABI has its dynamic linker in /lib64. */
  hasLib64?: boolean;
  /** The suffix of files in EFI/BOOT: https://uefi.org/specs/UEFI/2.10/03_Boot_Manager.html, table 3.2. Of those that boot with GRUB. */
  efi?: string;
  /** GRUB's names of its targets. */
  grub?: { bios?: string; efi: string };
  /** `e_machine` of elf.h. */
  elfMachine: number;
  /** QEMU's, in the names of the programs that emulate one of its programs: `qemu-…`. */
  qemuUser: string;
  /** The processor that these take, where what they take unless told is slow. */
  qemuUserProcessor?: string;
  bigEndian?: boolean;
  /** The kernel's table of system calls. */
  systemCalls: SystemCallTable;
}

/** `generic` is that of all newer architectures. */
export type SystemCallTable = 'x86' | 'generic' | 'powerpc' | 's390';

const rows = [
  {
    name: 'x86_64',
    oci: 'amd64',
    commonVariant: 'v1',
    debian: 'amd64',
    node: 'x64',
    hasDisks: true,
    machine: pc,
    hasLib64: true,
    efi: 'x64',
    grub: { bios: 'i386-pc', efi: 'x86_64-efi' },
    elfMachine: 62,
    qemuUser: 'x86_64',
    systemCalls: 'x86',
  },
  {
    name: 'aarch64',
    oci: 'arm64',
    commonVariant: 'v8',
    debian: 'arm64',
    node: 'arm64',
    hasDisks: true,
    machine: armBoard,
    efi: 'aa64',
    grub: { efi: 'arm64-efi' },
    elfMachine: 183,
    qemuUser: 'aarch64',
    // Any later one authenticates pointers: emulating that takes ten times as long as all else.
    qemuUserProcessor: 'cortex-a72',
    systemCalls: 'generic',
  },
  {
    name: 'ppc64le',
    oci: 'ppc64le',
    debian: 'ppc64el',
    node: 'ppc64',
    hasLib64: true,
    elfMachine: 21,
    qemuUser: 'ppc64le',
    systemCalls: 'powerpc',
  },
  {
    name: 's390x',
    oci: 's390x',
    debian: 's390x',
    node: 's390x',
    elfMachine: 22,
    qemuUser: 's390x',
    bigEndian: true,
    systemCalls: 's390',
  },
  {
    name: 'riscv64',
    oci: 'riscv64',
    debian: 'riscv64',
    node: 'riscv64',
    elfMachine: 243,
    qemuUser: 'riscv64',
    systemCalls: 'generic',
  },
] as const satisfies readonly ArchitectureRow[];

/** The name of an architecture that operating systems are built for, as configs write it: `x86_64`. */
export type ArchitectureName = (typeof rows)[number]['name'];

export interface Architecture extends ArchitectureRow {
  name: ArchitectureName;
}

/** All that operating systems are built for. The only place where one is spelled: whoever needs more adds a column. */
export const architectures: readonly Architecture[] = rows;

export const architectureNames: readonly ArchitectureName[] = rows.map(({ name }) => name);

/** The row of an architecture. */
export function architectureNamed(name: ArchitectureName): Architecture {
  const row = architectures.find((candidate) => candidate.name === name);
  if (row === undefined) throw new Error(`no architecture ${name}`);
  return row;
}

/** The row of an architecture as a person calls it: by its name, or as OCI or Debian do; `undefined` if there is none. */
export function architectureCalled(text: string): Architecture | undefined {
  return architectures.find(({ name, oci, debian }) => [name, oci, debian].includes(text));
}

/** The row of what OCI calls so; `undefined` if nothing is built for it. */
export function architectureOfOci(oci: string): Architecture | undefined {
  return architectures.find((row) => row.oci === oci);
}

/**
 * The architecture of this machine: what is built here is for its like.
 * @throws CosaError `ARCHITECTURE_UNKNOWN` (exit 2)
 */
export function hostArchitecture(): Architecture {
  const row = architectures.find(({ node }) => node === arch);
  if (row === undefined) {
    throw usageError('ARCHITECTURE_UNKNOWN', `nothing is built for the architecture of this machine, ${arch}`);
  }
  return row;
}
