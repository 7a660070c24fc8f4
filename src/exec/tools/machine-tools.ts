import type { VirtualMachine } from '../../lib/architecture/virtual-machine.ts';
import { type Architecture, hostArchitecture } from '../../lib/architecture.ts';
import { type Tool, tools } from '../tools.ts';
import { userEmulator } from './user-emulator.ts';

/** QEMU for an architecture's machines. */
export function machineEmulator({ program, programPackages }: VirtualMachine): Tool {
  return { name: program, packages: programPackages, purpose: 'boots disk images' };
}

/** UEFI for virtual machines: a file and not a program. Distributions keep it in different places, see vm/firmware.ts. */
export function machineFirmware({ uefi, uefiPackages, hasBios }: VirtualMachine): Tool {
  return {
    name: uefi.plain[0]?.code ?? '',
    packages: uefiPackages,
    purpose: 'boots disk images with UEFI and Secure Boot',
    ...(hasBios && { optional: true }),
  };
}

/** Every tool of the host that work on containers and disks for an architecture takes. */
export function toolsFor(architecture: Architecture): readonly Tool[] {
  const { name, machine } = architecture;
  return [
    ...Object.values(tools),
    ...(name === hostArchitecture().name ? [] : [userEmulator(architecture)]),
    ...(machine === undefined ? [] : [machineEmulator(machine), machineFirmware(machine)]),
  ];
}
