import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { RunningProgram } from '../exec/run.ts';
import { qemu, startQemu } from '../exec/tools/qemu.ts';
import { type Cleanup, createCleanup } from '../lib/cleanup.ts';
import { CosaError } from '../lib/errors.ts';
import type { Reporter } from '../lib/reporter.ts';
import { type Accelerator, chooseAccelerator } from './accelerator.ts';
import { qemuArguments } from './arguments.ts';
import { type GuestConsole, watchConsole } from './console.ts';
import { createOverlay } from './disk.ts';
import { type Firmware, prepareFirmware } from './firmware.ts';
import { listenForQmp, type QmpClient, qmpArguments } from './qmp.ts';

export interface MachineOptions {
  /** A disk image; the guest gets a throwaway layer over it. */
  disk: string;
  /** Bytes by which the guest's disk is larger than the image. */
  grow?: number;
  firmware: Firmware;
  /** MiB. */
  memory: number;
  cpus: number;
  /** The Ignition config's text. */
  ignition?: string | undefined;
  /** Where all that the guest writes to its console is kept. */
  consoleLog: string;
}

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
}

const hostForward = z.string().transform((text, context) => {
  // "  TCP[HOST_FORWARD]  12       127.0.0.1 43217       10.0.2.15    22"
  const port = /HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)/.exec(text)?.[1];
  if (port !== undefined) return Number(port);
  context.addIssue('QEMU does not tell the forwarded port');
  return z.NEVER;
});

/** A directory for a machine's files. Sockets are among them, so its path is short; disks are, so it is not in memory. */
export async function machineDirectory(): Promise<string> {
  return mkdtemp(join(process.env.TMPDIR ?? '/var/tmp', 'cosa-vm-'));
}

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
  const directory = await machineDirectory();
  cleanup.defer(() => rm(directory, { recursive: true, force: true }));

  const { accelerator, reason } = await chooseAccelerator(directory, reporter.signal);
  if (reason !== undefined) reporter.log(`the machine is emulated, which is slow: ${reason}`);
  const disk = await createOverlay(options.disk, directory, options.grow);
  const socket = join(directory, 'qmp.sock');
  const listener = await listenForQmp(socket);
  cleanup.defer(() => listener[Symbol.asyncDispose]());
  const program = await startQemu([
    ...qemuArguments({
      accelerator,
      memory: options.memory,
      cpus: options.cpus,
      disk: disk.path,
      uefi: await prepareFirmware(options.firmware, directory),
      secureBoot: options.firmware === 'uefi-secure',
      ignition: await writeIgnition(options.ignition, directory),
      consoleLog: options.consoleLog,
      interactive: false,
    }),
    ...qmpArguments(socket),
  ]);
  cleanup.defer(() => end(program));

  const stopped = watchProgram(program);
  const console = watchConsole(program.stdout);
  const client = await listener.accept(AbortSignal.any([stopped.signal, reporter.signal]));
  watchGuest(client, stopped);
  const sshPort = await forwardedPort(client);
  return {
    accelerator,
    console,
    sshPort,
    diskSize: disk.size,
    stopped: stopped.signal,
    [Symbol.asyncDispose]: () => cleanup[Symbol.asyncDispose](),
  };
}

async function writeIgnition(config: string | undefined, directory: string): Promise<string | undefined> {
  if (config === undefined) return undefined;
  const path = join(directory, 'config.ign');
  await writeFile(path, config, { mode: 0o600 });
  return path;
}

/** A guest that nobody needs any more has nothing to save: its disk is thrown away. */
async function end(program: RunningProgram): Promise<void> {
  program.kill('SIGKILL');
  await program.done.catch(() => undefined);
}

function watchProgram(program: RunningProgram): AbortController {
  const stopped = new AbortController();
  program.done.then(
    () => stopped.abort(new CosaError('MACHINE_STOPPED', 'the guest has switched itself off')),
    (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      stopped.abort(new CosaError('MACHINE_FAILED', `${qemu.name}: ${reason}`, { cause: error }));
    },
  );
  return stopped;
}

function watchGuest(client: QmpClient, stopped: AbortController): void {
  client.onEvent(({ name }) => {
    if (name === 'GUEST_PANICKED') {
      stopped.abort(new CosaError('GUEST_PANICKED', "the guest's kernel panicked"));
    } else if (name === 'STOP') {
      stopped.abort(
        new CosaError('MACHINE_FAILED', 'QEMU stopped the guest after an internal error', {
          hint: 'KVM does not work on this host; see "cosa doctor"',
        }),
      );
    }
  });
}

/** QEMU has an answer for people alone: the table of `info usernet`. */
async function forwardedPort(client: QmpClient): Promise<number> {
  const table = await client.execute('human-monitor-command', { 'command-line': 'info usernet' });
  return hostForward.parse(table);
}
