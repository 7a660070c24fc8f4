import { attach, type RunningProgram, type RunOptions, start } from '../run.ts';
import type { Tool } from '../tool.ts';
import { missingTool } from '../tool-errors.ts';
import { which } from '../which.ts';

export const qemu: Tool = {
  name: 'qemu-system-x86_64',
  packages: { deb: 'qemu-system-x86', rpm: 'qemu-system-x86-core' },
  purpose: 'boots disk images',
};

export const setpriv: Tool = {
  name: 'setpriv',
  packages: { deb: 'util-linux', rpm: 'util-linux' },
  purpose: 'ends a virtual machine together with cosa',
};

/**
 * Starts QEMU such that the kernel kills it when this process dies, however hard: no virtual machine
 * is ever left behind.
 * @throws CosaError `TOOL_MISSING` (exit 3)
 */
export async function startQemu(args: readonly string[], options: RunOptions = {}): Promise<RunningProgram> {
  return start(setpriv, await boundToUs(args), options);
}

/**
 * As {@link startQemu}, with this process's terminal as QEMU's.
 * @returns QEMU's exit status
 */
export async function attachQemu(args: readonly string[]): Promise<number> {
  return attach(setpriv, await boundToUs(args));
}

/** Arguments of {@link setpriv} that run QEMU with these arguments. */
export async function boundToUs(args: readonly string[]): Promise<string[]> {
  if ((await which(qemu.name)) === undefined) throw missingTool(qemu);
  return ['--pdeathsig', 'KILL', '--', qemu.name, ...args];
}
