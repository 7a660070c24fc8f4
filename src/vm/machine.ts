import { join } from 'node:path';
import { z } from 'zod';
import { type RunningProgram, start as startProgram } from '../exec/run.ts';
import { machineEmulator } from '../exec/tools/machine-tools.ts';
import type { Tool } from '../exec/tools.ts';
import { type Cleanup, createCleanup } from '../lib/cleanup.ts';
import { CosaError } from '../lib/errors.ts';
import type { Reporter } from '../progress/reporter.ts';
import { orAborted } from './abort.ts';
import type { Accelerator } from './accelerator.ts';
import { qemuArguments } from './arguments.ts';
import { type GuestConsole, watchConsole } from './console.ts';
import { type MachineOptions, prepareMachine } from './prepare.ts';
import { listenForQmp, type QmpClient, qmpArguments } from './qmp.ts';

/** A running virtual machine. Disposing of it ends the guest at once and throws its disk away. */
export interface Machine extends AsyncDisposable {
  readonly accelerator: Accelerator;
  readonly console: GuestConsole;
  /** The guest's sshd is at this port of 127.0.0.1. */
  readonly sshPort: number;
  /** Bytes of the guest's disk. */
  readonly diskSize: number;
  /** Aborted when the guest has stopped or crashed, with a CosaError (`MACHINE_STOPPED`, `GUEST_PANICKED`) as reason. */
  readonly stopped: AbortSignal;
  /** Settles when the guest resets the machine the next time: it reboots. */
  nextReset(signal: AbortSignal): Promise<void>;
}

const hostForward = z.string().transform((text, context) => {
  // "  TCP[HOST_FORWARD]  12       127.0.0.1 43217       10.0.2.15    22"
  const port = /HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)/.exec(text)?.[1];
  if (port !== undefined) return Number(port);
  context.addIssue('QEMU does not tell the forwarded port');
  return z.NEVER;
});

/**
 * Boots a disk image.
 * @throws CosaError `TOOL_MISSING` (exit 3), `DISK_FORMAT_UNKNOWN` (exit 2), `MACHINE_FAILED` with QEMU's message
 */
export async function startMachine(options: MachineOptions, reporter: Reporter): Promise<Machine> {
  const cleanup = createCleanup();
  try {
    return await start(options, reporter, cleanup);
  } catch (error) {
    await cleanup[Symbol.asyncDispose]();
    throw error;
  }
}

async function start(options: MachineOptions, reporter: Reporter, cleanup: Cleanup): Promise<Machine> {
  const { description, directory, diskSize } = await prepareMachine(options, reporter, cleanup);
  const socket = join(directory, 'qmp.sock');
  const listener = await listenForQmp(socket);
  cleanup.defer(() => listener[Symbol.asyncDispose]());
  const emulator = machineEmulator(description.board);
  const program = await startProgram(emulator, [
    ...qemuArguments({ ...description, sshPort: 0, interactive: false }),
    ...qmpArguments(socket),
  ]);
  cleanup.defer(() => end(program));

  const stopped = watchProgram(program, emulator);
  const console = watchConsole(program.stdout);
  const client = await orQemuMessage(stopped.signal, program, () =>
    listener.accept(AbortSignal.any([stopped.signal, reporter.signal])),
  );
  watchGuest(client, { program, console, stopped });
  const sshPort = await orQemuMessage(stopped.signal, program, () => forwardedPort(client));
  return {
    accelerator: description.accelerator,
    console,
    sshPort,
    diskSize,
    stopped: stopped.signal,
    nextReset: (signal) => nextReset(client, signal),
    [Symbol.asyncDispose]: () => cleanup[Symbol.asyncDispose](),
  };
}

/** A QEMU that refuses its arguments may have connected before: then its own message is the error. */
async function orQemuMessage<T>(stopped: AbortSignal, program: RunningProgram, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof CosaError && error.code === 'QMP_FAILED') {
      await program.done.catch(() => undefined);
      stopped.throwIfAborted();
    }
    throw error;
  }
}

/** A guest that nobody needs any more has nothing to save: its disk is thrown away. */
async function end(program: RunningProgram): Promise<void> {
  program.kill('SIGKILL');
  await program.done.catch(() => undefined);
}

function watchProgram(program: RunningProgram, emulator: Tool): AbortController {
  const stopped = new AbortController();
  program.done.then(
    () => stopped.abort(new CosaError('MACHINE_STOPPED', 'the guest has switched itself off')),
    (error: unknown) => {
      if (error instanceof CosaError && error.code === 'TOOL_MISSING') return stopped.abort(error);
      const reason = error instanceof Error ? error.message : String(error);
      stopped.abort(new CosaError('MACHINE_FAILED', `${emulator.name}: ${reason}`, { cause: error }));
    },
  );
  return stopped;
}

/** How long a kernel that panics may take to write why, in milliseconds. */
const lastWords = 10_000;

interface Watched {
  program: RunningProgram;
  console: GuestConsole;
  stopped: AbortController;
}

function watchGuest(client: QmpClient, { program, console, stopped }: Watched): void {
  function panicked(): void {
    stopped.abort(new CosaError('GUEST_PANICKED', "the guest's kernel panicked"));
    // It hangs now: who talks to it must not wait.
    program.kill('SIGKILL');
  }
  client.onEvent(({ name }) => {
    if (name === 'GUEST_PANICKED') {
      void console.waitFor(/end Kernel panic/, { milliseconds: lastWords }).then(panicked, panicked);
    } else if (name === 'STOP') {
      stopped.abort(
        new CosaError('MACHINE_FAILED', 'QEMU stopped the guest after an internal error', {
          hint: 'KVM does not work on this host; see "cosa doctor"',
        }),
      );
    }
  });
}

async function nextReset(client: QmpClient, signal: AbortSignal): Promise<void> {
  let unsubscribe: (() => void) | undefined;
  const reset = new Promise<void>((resolve) => {
    unsubscribe = client.onEvent(({ name }) => {
      if (name === 'RESET') resolve();
    });
  });
  try {
    await orAborted(reset, signal);
  } finally {
    unsubscribe?.();
  }
}

/** QEMU has an answer for people alone: the table of `info usernet`. */
async function forwardedPort(client: QmpClient): Promise<number> {
  const table = await client.execute('human-monitor-command', { 'command-line': 'info usernet' });
  return hostForward.parse(table);
}
