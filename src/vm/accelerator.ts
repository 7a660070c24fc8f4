import { access, constants, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tryRun } from '../exec/run.ts';
import { qemuSandbox } from '../exec/tools/qemu.ts';
import { tools } from '../exec/tools.ts';
import { CosaError } from '../lib/errors.ts';
import { listenForQmp, qmpArguments } from './qmp.ts';

export type Accelerator = 'kvm' | 'tcg';

export interface AcceleratorChoice {
  accelerator: Accelerator;
  /** Why KVM is not used; `undefined` if it is. */
  reason?: string;
}

/** What makes QEMU emulate, or run on the CPU. */
export function acceleratorArguments(accelerator: Accelerator): string[] {
  if (accelerator === 'kvm') return ['-accel', 'kvm', '-cpu', 'host'];
  // Without cx16: QEMU 7.2 emulates cmpxchg16b wrongly, and a Linux 6.12 guest crashes within a minute.
  return ['-accel', 'tcg,thread=multi', '-cpu', 'max,-cx16'];
}

/** A working KVM needs well under a second. */
const probeMilliseconds = 15_000;

/** QEMU's exit status when the guest writes 0x10 to isa-debug-exit: (value << 1) | 1. */
const probePassed = 33;

/** SeaBIOS does not boot from a disk that is much smaller. */
const probeDiskBytes = 1024 * 1024;

/**
 * A disk with a boot sector that ends the machine: `mov al,0x10; out 0xf4,al; hlt`. It runs after the BIOS has set up
 * the machine, so a machine that ends this way has run real code in real and protected mode.
 */
function probeDisk(): Uint8Array {
  const disk = new Uint8Array(probeDiskBytes);
  disk.set([0xb0, 0x10, 0xe6, 0xf4, 0xf4]);
  disk.set([0x55, 0xaa], 510);
  return disk;
}

/**
 * Chooses KVM if it works. That the device can be opened says little: on some hosts a guest stops early with
 * QEMU's "internal-error". So a tiny guest is really run.
 * @param directory for a few small files; a short path, for a socket is among them
 */
export async function chooseAccelerator(directory: string, signal: AbortSignal): Promise<AcceleratorChoice> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
  } catch {
    return { accelerator: 'tcg', reason: 'there is no /dev/kvm that this user may open' };
  }
  const failure = await probe('kvm', directory, signal);
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
  directory: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const image = join(directory, 'probe.img');
  await writeFile(image, probeDisk());
  const socket = join(directory, 'probe.sock');
  await using listener = await listenForQmp(socket);
  const stop = new AbortController();
  const deadline = AbortSignal.timeout(probeMilliseconds);
  const end = AbortSignal.any([signal, stop.signal, deadline]);
  const args = [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-machine', 'q35', '-m', '64M'],
    ...qemuSandbox,
    ...acceleratorArguments(accelerator),
    ...['-drive', `if=virtio,format=raw,file=${image}`, '-device', 'isa-debug-exit,iobase=0xf4,iosize=1'],
    ...qmpArguments(socket),
  ];
  const watching = watchForInternalError(listener.accept(end), stop);
  try {
    const { exitCode, stderr } = await tryRun(tools.qemu, args, { signal: end });
    return exitCode === probePassed ? undefined : (stderr.trim().split('\n')[0] ?? '') || `exit status ${exitCode}`;
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
