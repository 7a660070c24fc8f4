import { once } from 'node:events';
import { createServer } from 'node:net';
import { attach } from '../exec/run.ts';
import { machineEmulator } from '../exec/tools/machine-tools.ts';
import { createCleanup } from '../lib/cleanup.ts';
import type { Reporter } from '../progress/reporter.ts';
import { qemuArguments } from './arguments.ts';
import { type MachineOptions, prepareMachine } from './prepare.ts';

/** A machine that is ready to take the terminal over. Disposing of it throws its disk away. */
export interface InteractiveMachine extends AsyncDisposable {
  /** The guest's sshd will be at this port of 127.0.0.1. */
  readonly sshPort: number;
  /**
   * Boots; the guest's console is this process's terminal, where Ctrl-A X ends the machine and Ctrl-A H tells more.
   * @returns QEMU's exit status
   */
  boot(): Promise<number>;
}

/**
 * Prepares a machine for a person at a terminal.
 * @throws CosaError `TOOL_MISSING` (exit 3), `DISK_FORMAT_UNKNOWN` (exit 2)
 */
export async function prepareInteractiveMachine(
  options: MachineOptions,
  reporter: Reporter,
): Promise<InteractiveMachine> {
  const cleanup = createCleanup();
  try {
    const { description } = await prepareMachine(options, reporter, cleanup);
    const sshPort = await freePort();
    return {
      sshPort,
      boot: () =>
        attach(machineEmulator(description.board), qemuArguments({ ...description, sshPort, interactive: true })),
      [Symbol.asyncDispose]: () => cleanup[Symbol.asyncDispose](),
    };
  } catch (error) {
    await cleanup[Symbol.asyncDispose]();
    throw error;
  }
}

/** A port that is free now: it has to be told before QEMU, which could choose one itself, takes the terminal. */
async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
  return address.port;
}
