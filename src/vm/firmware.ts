import { copyFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { missingTool } from '../exec/tool-errors.ts';
import { machineFirmware } from '../exec/tools/machine-tools.ts';
import { which } from '../exec/which.ts';
import type { FirmwareFiles, VirtualMachine } from '../lib/architecture/virtual-machine.ts';
import { usageError } from '../lib/errors.ts';
import type { BootableArchitecture } from './bootable.ts';

/** What starts the boot loader. `uefi-secure` runs only what is signed by the keys that ordinary machines ship with. */
export const firmwares = ['bios', 'uefi', 'uefi-secure'] as const;

export type Firmware = (typeof firmwares)[number];

/** UEFI code with the variables that belong to it. */
export interface UefiFiles {
  code: string;
  /** Ours to write to. */
  variables: string;
}

/**
 * The firmware that starts a machine: the one that is asked for, or what the architecture's machines usually have.
 * @throws CosaError `FIRMWARE_UNSUPPORTED` (exit 2)
 */
export function firmwareFor({ name, machine }: BootableArchitecture, asked: Firmware | undefined): Firmware {
  if (asked === 'bios' && machine.hasBios !== true) {
    throw usageError('FIRMWARE_UNSUPPORTED', `machines for ${name} have no BIOS: they boot with UEFI alone`, {
      hint: 'leave --firmware out, or name uefi or uefi-secure',
    });
  }
  return asked ?? (machine.hasBios === true ? 'bios' : 'uefi');
}

/**
 * Finds the firmware's files, and copies the variables, which the guest writes to, into `directory`.
 * @returns `undefined` for BIOS: QEMU has that built in
 * @throws CosaError `TOOL_MISSING` (exit 3)
 */
export async function prepareFirmware(
  firmware: Firmware,
  machine: VirtualMachine,
  directory: string,
): Promise<UefiFiles | undefined> {
  if (firmware === 'bios') return undefined;
  const { code, variables } = await findFiles(firmware, machine);
  const copy = join(directory, 'uefi-variables.fd');
  await copyFile(variables, copy);
  const { flashBytes } = machine;
  if (flashBytes === undefined) return { code, variables: copy };
  await truncate(copy, flashBytes);
  if ((await stat(code)).size === flashBytes) return { code, variables: copy };
  const padded = join(directory, 'uefi-code.fd');
  await copyFile(code, padded);
  await truncate(padded, flashBytes);
  return { code: padded, variables: copy };
}

async function findFiles(firmware: Exclude<Firmware, 'bios'>, machine: VirtualMachine): Promise<FirmwareFiles> {
  for (const files of machine.uefi[firmware === 'uefi' ? 'plain' : 'secure']) {
    const paths = [files.code, files.variables];
    const found = await Promise.all(paths.map((path) => which(path)));
    if (!found.includes(undefined)) return files;
  }
  throw missingTool(machineFirmware(machine));
}
