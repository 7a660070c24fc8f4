import { qemuSandbox } from '../exec/tools/qemu.ts';
import type { VirtualMachine } from '../lib/architecture/virtual-machine.ts';
import { type Accelerator, acceleratorArguments } from './accelerator.ts';
import { blockDevice, type DiskOverlay } from './disk.ts';
import type { UefiFiles } from './firmware.ts';

/**
 * `none`: nothing but ssh into the guest. `host`: the guest reaches what this machine reaches, and at 10.0.2.2 this machine
 * itself with what listens on its loopback interface alone. QEMU's own network has no way between.
 */
export const networks = ['none', 'host'] as const;

export type Network = (typeof networks)[number];

/** QEMU's network has a DHCP and a TFTP server for machines that boot from it. */
export interface NetworkBoot {
  /** What TFTP serves. */
  directory: string;
  /** The file in it that the firmware runs: a script of iPXE, which QEMU's network cards have. */
  file: string;
}

/** A virtual machine, down to the files; see {@link qemuArguments}. */
export interface MachineDescription {
  board: VirtualMachine;
  accelerator: Accelerator;
  /** MiB. */
  memory: number;
  cpus: number;
  disk: Pick<DiskOverlay, 'path' | 'base' | 'sectorSize'>;
  /** One that does not start the machine. */
  secondDisk?: Pick<DiskOverlay, 'path' | 'base' | 'sectorSize'> | undefined;
  /** The socket of an emulated TPM 2.0: swtpm's control channel. */
  tpm?: string | undefined;
  /** An ISO image in a drive, which starts the machine where the disk does not. */
  cdrom?: string | undefined;
  network: Network;
  /** What the network tells a machine that nothing else starts. */
  networkBoot?: NetworkBoot | undefined;
  /** None: BIOS. */
  uefi?: UefiFiles | undefined;
  /** Require signed boot loaders and kernels; needs `uefi`. */
  secureBoot: boolean;
  /** An Ignition config that the guest finds at its first boot. */
  ignition?: string | undefined;
  /** The port of 127.0.0.1 that leads to the guest's sshd; 0: the kernel chooses one that is free, and QMP tells which. */
  sshPort: number;
  /** Where QEMU keeps all that the guest writes to its serial console. */
  consoleLog: string;
  /** Ctrl-A commands of QEMU on the console: for a person at a terminal. */
  interactive: boolean;
}

/** The port of the guest's sshd. */
const guestSshPort = 22;

/** QEMU's option syntax ends values at commas, unless they are doubled. */
function escaped(path: string): string {
  return path.replaceAll(',', ',,');
}

/**
 * QEMU's arguments for a machine without display: serial console on stdin and stdout, disk, network of its own
 * with the guest's ssh on a port of 127.0.0.1, random numbers, a panic device.
 */
export function qemuArguments(machine: MachineDescription): string[] {
  return [
    ['-nodefaults', '-no-user-config', '-display', 'none', ...qemuSandbox],
    ['-machine', machineType(machine), ...acceleratorArguments(machine.accelerator, machine.board)],
    ['-smp', String(machine.cpus), '-m', `${machine.memory}M`],
    machine.uefi === undefined ? [] : firmwareArguments(machine.uefi, machine),
    diskArguments('disk', machine.disk, ',bootindex=0'),
    machine.secondDisk === undefined ? [] : diskArguments('second', machine.secondDisk, ''),
    machine.tpm === undefined ? [] : tpmArguments(machine.tpm, machine.board),
    cdromArguments(machine),
    networkArguments(machine),
    // A kernel that panics writes why after it has told the device: the machine must not end before.
    ['-device', 'virtio-rng-pci', '-device', machine.board.panicDevice, '-action', 'panic=none'],
    consoleArguments(machine),
    machine.ignition === undefined ? [] : ['-fw_cfg', `name=opt/com.coreos/config,file=${escaped(machine.ignition)}`],
  ].flat();
}

function diskArguments(node: string, disk: MachineDescription['disk'], boot: string): string[] {
  const { sectorSize } = disk;
  const sectors = sectorSize === 512 ? '' : `,logical_block_size=${sectorSize},physical_block_size=${sectorSize}`;
  return ['-blockdev', blockDevice(disk, node), '-device', `virtio-blk-pci,drive=${node}${boot}${sectors}`];
}

function tpmArguments(socket: string, { tpmDevice }: VirtualMachine): string[] {
  return [
    ...['-chardev', `socket,id=tpm-socket,path=${escaped(socket)}`],
    ...['-tpmdev', 'emulator,id=tpm,chardev=tpm-socket', '-device', `${tpmDevice},tpmdev=tpm`],
  ];
}

/** A drive of a kind that every board can have. */
function cdromArguments({ cdrom }: MachineDescription): string[] {
  if (cdrom === undefined) return [];
  const file = { driver: 'file', filename: cdrom, 'read-only': true };
  return [
    ...['-blockdev', JSON.stringify({ driver: 'raw', 'node-name': 'cdrom', file, 'read-only': true })],
    ...['-device', 'virtio-scsi-pci', '-device', 'scsi-cd,drive=cdrom,bootindex=1'],
  ];
}

function networkArguments({ network, networkBoot, sshPort }: MachineDescription): string[] {
  const isolation = `restrict=${network === 'none' ? 'on' : 'off'}`;
  const forward = `hostfwd=tcp:127.0.0.1:${sshPort}-:${guestSshPort}`;
  const servers =
    networkBoot === undefined ? '' : `,tftp=${escaped(networkBoot.directory)},bootfile=${escaped(networkBoot.file)}`;
  // Without its ROM, no firmware tries to boot from the card.
  const boot = networkBoot === undefined ? 'romfile=' : 'bootindex=2';
  return [
    ...['-netdev', `user,id=network,${isolation},${forward}${servers}`],
    ...['-device', `virtio-net-pci,netdev=network,${boot}`],
  ];
}

function machineType({ board, secureBoot }: MachineDescription): string {
  return secureBoot ? board.type.secure : board.type.plain;
}

function firmwareArguments({ code, variables }: UefiFiles, { board, secureBoot }: MachineDescription): string[] {
  return [
    ...(secureBoot && board.protectsVariables === true
      ? ['-global', 'driver=cfi.pflash01,property=secure,value=on']
      : []),
    '-drive',
    `if=pflash,unit=0,format=raw,readonly=on,file=${escaped(code)}`,
    '-drive',
    `if=pflash,unit=1,format=raw,file=${escaped(variables)}`,
  ];
}

function consoleArguments({ consoleLog, interactive }: MachineDescription): string[] {
  const log = `logfile=${escaped(consoleLog)},logappend=off`;
  if (!interactive) return ['-chardev', `stdio,id=console,signal=off,${log}`, '-serial', 'chardev:console'];
  return [
    '-chardev',
    `stdio,id=console,mux=on,signal=off,${log}`,
    '-serial',
    'chardev:console',
    '-mon',
    'chardev=console,mode=readline',
  ];
}
