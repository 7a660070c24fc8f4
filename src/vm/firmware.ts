import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { missingTool } from '../exec/tool-errors.ts';
import { tools } from '../exec/tools.ts';
import { which } from '../exec/which.ts';

/** What starts the boot loader. `uefi-secure` runs only what is signed by the keys that ordinary machines ship with. */
export const firmwares = ['bios', 'uefi', 'uefi-secure'] as const;

export type Firmware = (typeof firmwares)[number];

/** UEFI code with the variables that belong to it. */
export interface UefiFiles {
  code: string;
  /** Ours to write to. */
  variables: string;
}

interface Candidate {
  code: string;
  variables: string;
}

/** Where distributions keep UEFI for virtual machines, in raw format: Debian and Ubuntu, then Fedora. */
const candidates: Readonly<Record<Exclude<Firmware, 'bios'>, readonly Candidate[]>> = {
  uefi: [
    { code: tools.ovmf.name, variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' },
    { code: '/usr/share/edk2/ovmf/OVMF_CODE.fd', variables: '/usr/share/edk2/ovmf/OVMF_VARS.fd' },
  ],
  'uefi-secure': [
    // "ms": the variables hold Microsoft's keys, which sign shim, and Secure Boot is on.
    { code: '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd' },
    { code: '/usr/share/edk2/ovmf/OVMF_CODE.secboot.fd', variables: '/usr/share/edk2/ovmf/OVMF_VARS.secboot.fd' },
  ],
};

/**
 * Finds the firmware's files, and copies the variables, which the guest writes to, into `directory`.
 * @returns `undefined` for BIOS: QEMU has that built in
 * @throws CosaError `TOOL_MISSING` (exit 3)
 */
export async function prepareFirmware(firmware: Firmware, directory: string): Promise<UefiFiles | undefined> {
  if (firmware === 'bios') return undefined;
  for (const { code, variables } of candidates[firmware]) {
    if ((await which(code)) === undefined || (await which(variables)) === undefined) continue;
    const copy = join(directory, 'uefi-variables.fd');
    await copyFile(variables, copy);
    return { code, variables: copy };
  }
  throw missingTool(tools.ovmf);
}
