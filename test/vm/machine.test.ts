import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { armBoard, pc } from '../../src/lib/architecture/virtual-machine.ts';
import { silentReporter } from '../../src/progress/reporter.ts';
import { probe } from '../../src/vm/accelerator.ts';
import { type Machine, startMachine } from '../../src/vm/machine.ts';
import { type Ending, writeBootableDisk } from './boot-sector.ts';

// Real machines, whose whole operating system is a boot sector.

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cosa-machine-'));
  vi.stubEnv('TMPDIR', directory);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

const never = new AbortController().signal;
const milliseconds = 25_000;

async function boot(text: string, ending: Ending): Promise<Machine> {
  const disk = join(directory, 'image.raw');
  await writeBootableDisk(disk, text, ending);
  return bootDisk(disk);
}

async function bootDisk(disk: string, cpus = 1): Promise<Machine> {
  const consoleLog = join(directory, 'logs', 'console.log');
  return startMachine(
    { disk, architecture: 'x86_64', grow: 1024 ** 2, firmware: 'bios', memory: 64, cpus, consoleLog },
    silentReporter(),
  );
}

test.each([pc, armBoard])('emulation works here: $program', async (board) => {
  expect(await probe('tcg', board, directory, never)).toBeUndefined();
});

test('the console is live and kept, the ssh port is open, the disk grown; disposal ends all and leaves the log', async () => {
  const machine = await boot('hello from the boot sector\n', 'halt');
  await machine.console.waitFor(/^hello from the boot sector$/, { milliseconds });
  expect(machine.stopped.aborted).toBe(false);
  expect(machine.diskSize).toBe(2 * 1024 ** 2);
  const socket = connect({ host: '127.0.0.1', port: machine.sshPort });
  await once(socket, 'connect');
  socket.destroy();

  await machine[Symbol.asyncDispose]();
  expect(machine.stopped.aborted).toBe(true);
  const refused = connect({ host: '127.0.0.1', port: machine.sshPort });
  await expect(once(refused, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(await readFile(join(directory, 'logs', 'console.log'), 'latin1')).toContain('hello from the boot sector');
  expect(await readdir(directory)).toEqual(['image.raw', 'logs']);
});

test('a guest that switches itself off is noticed', async () => {
  await using machine = await boot('bye\n', 'power-off');
  if (!machine.stopped.aborted) await once(machine.stopped, 'abort');
  expect(machine.stopped.reason).toMatchObject({ code: 'MACHINE_STOPPED' });
});

test('a reboot is an event, and the console goes on', async () => {
  await using machine = await boot('again\n', 'reset');
  await machine.nextReset(never);
  const from = machine.console.length;
  await machine.console.waitFor(/again/, { milliseconds, from });
  expect(machine.stopped.aborted).toBe(false);
});

test("the guest's writes do not reach the image", async () => {
  const disk = join(directory, 'image.raw');
  await writeBootableDisk(disk, 'written\n', 'halt', { writesFirst: true });
  const before = await readFile(disk);
  await using machine = await bootDisk(disk);
  await machine.console.waitFor(/written/, { milliseconds });
  expect((await readFile(disk)).equals(before)).toBe(true);
});

test.each([
  ['image.vmdk', 'DISK_FORMAT_UNKNOWN', /cannot tell the disk's format by its name/],
  ['missing.qcow2', 'DISK_MISSING', /missing\.qcow2/],
])('a bad disk is an error that leaves nothing behind: %s', async (name, code, message) => {
  await expect(bootDisk(join(directory, name))).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
  expect(await readdir(directory)).toEqual(['logs']);
});

test("a machine that QEMU refuses is an error in QEMU's words", async () => {
  const disk = join(directory, 'image.raw');
  await writeBootableDisk(disk, 'x', 'halt');
  await expect(bootDisk(disk, 100_000)).rejects.toMatchObject({
    code: 'MACHINE_FAILED',
    message: expect.stringMatching(/CPUs/),
  });
  expect(await readdir(directory)).toEqual(['image.raw', 'logs']);
});
