import { access, constants, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tryRun } from '../exec/run.ts';
import { machineEmulator } from '../exec/tools/machine-tools.ts';
import { qemuSandbox } from '../exec/tools/qemu.ts';
import type { VirtualMachine } from '../lib/architecture/virtual-machine.ts';
import { hostArchitecture } from '../lib/architecture.ts';
import { CosaError } from '../lib/errors.ts';
import type { BootableArchitecture } from './bootable.ts';
import { listenForQmp, qmpArguments } from './qmp.ts';

export type Accelerator = 'kvm' | 'tcg';

export interface AcceleratorChoice {
  accelerator: Accelerator;
  /** Why KVM is not used; `undefined` if it is. */
  reason?: string;
}

/**
 * What makes QEMU emulate, or run on the CPU. One thread emulates all processors, one after the other: where each has its own,
 * one may run what another has just replaced. A kernel that changes its own code puts a breakpoint there for a
 * moment, and does not survive one that comes later. A guest whose static keys are turned on and off panics within
 * seconds, with QEMU 7.2 and with 10.0.
 */
export function acceleratorArguments(accelerator: Accelerator, { processor }: VirtualMachine): string[] {
  if (accelerator === 'kvm') return ['-accel', 'kvm', '-cpu', 'host'];
  return ['-accel', 'tcg,thread=single', '-cpu', processor];
}

/** A working KVM needs well under a second. */
const probeMilliseconds = 15_000;

/** SeaBIOS does not boot from a disk that is much smaller. */
const probeDiskBytes = 1024 * 1024;

/** A guest that ends its machine. */
interface ProbeGuest {
  content: Uint8Array;
  arguments(file: string): readonly string[];
  /** QEMU's, if the guest has run. */
  exitStatus: number;
}

const probeGuests: Readonly<Record<VirtualMachine['probe'], ProbeGuest>> = {
  'boot-sector': {
    // A boot sector: `mov al,0x10; out 0xf4,al; hlt`. It runs after the BIOS has set up the machine, so a machine that
    // ends this way has run real code in real and protected mode.
    content: bootSector([0xb0, 0x10, 0xe6, 0xf4, 0xf4]),
    arguments: (file) => [
      ...['-drive', `if=virtio,format=raw,file=${file}`, '-device', 'isa-debug-exit,iobase=0xf4,iosize=1'],
    ],
    // Of isa-debug-exit: (value << 1) | 1.
    exitStatus: 33,
  },
  memory: {
    // `mov w0,0x84000008; hvc 0`, in memory behind the device tree that QEMU puts first: SYSTEM_OFF of https://developer.arm.com/documentation/den0022/
    content: Uint8Array.of(0x00, 0x01, 0x80, 0x52, 0x00, 0x80, 0xb0, 0x72, 0x02, 0x00, 0x00, 0xd4),
    arguments: (file) => ['-device', `loader,file=${file},addr=0x40200000,cpu-num=0,force-raw=on`],
    exitStatus: 0,
  },
};

function bootSector(code: readonly number[]): Uint8Array {
  const disk = new Uint8Array(probeDiskBytes);
  disk.set(code);
  disk.set([0x55, 0xaa], 510);
  return disk;
}

/**
 * Chooses KVM if it works. That the device can be opened says little: on some hosts a guest stops early with
 * QEMU's "internal-error". So a tiny guest is really run. Who sets COSA_NO_KVM has none.
 * @param directory for a few small files; a short path, for a socket is among them
 */
export async function chooseAccelerator(
  { name, machine }: BootableArchitecture,
  directory: string,
  signal: AbortSignal,
): Promise<AcceleratorChoice> {
  const host = hostArchitecture();
  if (name !== host.name) return { accelerator: 'tcg', reason: `it is for ${name}, and this is ${host.name}` };
  if (process.env.COSA_NO_KVM) return { accelerator: 'tcg', reason: 'COSA_NO_KVM is set' };
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return { accelerator: 'tcg', reason: 'there is no /dev/kvm that this user may open' };
  }
  const failure = await probe('kvm', machine, directory, signal);
  return failure === undefined
    ? { accelerator: 'kvm' }
    : { accelerator: 'tcg', reason: `KVM does not work: ${failure}` };
}

/**
 * Runs a guest of a few instructions.
 * @returns why it did not work, or `undefined` if it did
 */
export async function probe(
  accelerator: Accelerator,
  machine: VirtualMachine,
  directory: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const guest = probeGuests[machine.probe];
  const image = join(directory, 'probe.img');
  await writeFile(image, guest.content);
  const socket = join(directory, 'probe.sock');
  await using listener = await listenForQmp(socket);
  const stop = new AbortController();
  const deadline = AbortSignal.timeout(probeMilliseconds);
  const end = AbortSignal.any([signal, stop.signal, deadline]);
  const args = [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-machine', machine.type.plain, '-m', '64M'],
    ...qemuSandbox,
    ...acceleratorArguments(accelerator, machine),
    ...guest.arguments(image),
    ...qmpArguments(socket),
  ];
  const watching = watchForInternalError(listener.accept(end), stop);
  try {
    const { exitCode, stderr } = await tryRun(machineEmulator(machine), args, { signal: end });
    return exitCode === guest.exitStatus
      ? undefined
      : (stderr.trim().split('\n')[0] ?? '') || `exit status ${exitCode}`;
  } catch (error) {
    signal.throwIfAborted();
    if (stop.signal.aborted) return 'the machine stopped with an internal error';
    if (deadline.aborted) return `a trivial machine did not end within ${probeMilliseconds / 1000} s`;
    // Where KVM is half there, QEMU may abort.
    if (error instanceof CosaError && error.code === 'TOOL_FAILED') return error.message;
    throw error;
  } finally {
    stop.abort();
    await watching;
  }
}

async function watchForInternalError(
  accepted: ReturnType<Awaited<ReturnType<typeof listenForQmp>>['accept']>,
  stop: AbortController,
): Promise<void> {
  try {
    const client = await accepted;
    const end = client.onEvent(({ name }) => {
      // A machine that stops, though nobody asked: KVM gave up.
      if (name === 'STOP') stop.abort();
    });
    await client.closed;
    end();
  } catch {
    // QEMU ended before it connected: its exit status tells.
  }
}
