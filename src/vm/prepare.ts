import { writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { openScratch, type Scratch } from '../exec/scratch.ts';
import type { ArchitectureName } from '../lib/architecture.ts';
import type { Cleanup } from '../lib/cleanup.ts';
import { makeDirectory } from '../lib/directories.ts';
import type { Reporter } from '../progress/reporter.ts';
import { chooseAccelerator } from './accelerator.ts';
import type { MachineDescription, Network, NetworkBoot } from './arguments.ts';
import { bootableArchitecture } from './bootable.ts';
import { createEmptyDisk, createOverlay, type EmptyDisk } from './disk.ts';
import { type Firmware, firmwareFor, prepareFirmware } from './firmware.ts';

export interface MachineOptions {
  /** What the disk is for. */
  architecture: ArchitectureName;
  /** A disk image; the guest gets a throwaway layer over it. Or a disk on which nothing is yet. */
  disk: string | EmptyDisk;
  /** Bytes by which the guest's disk is larger than the image that it comes from. */
  grow?: number;
  /** An image of a disk that does not start the machine; a throwaway layer goes over it, too. */
  secondDisk?: string;
  /** The socket of an emulated TPM 2.0 (swtpm), which the caller has started. */
  tpm?: string;
  /** What the architecture's machines usually have, unless given. */
  firmware?: Firmware | undefined;
  /** MiB. */
  memory: number;
  cpus: number;
  /** `none` unless given. */
  network?: Network;
  /** An ISO image in a drive. What is on the disk starts first. */
  cdrom?: string | undefined;
  /** For a machine that neither disk nor drive starts. */
  networkBoot?: NetworkBoot | undefined;
  /** The Ignition config's text. */
  ignition?: string | undefined;
  /** Where all that the guest writes to its console is kept. */
  consoleLog: string;
}

export interface PreparedMachine {
  description: Omit<MachineDescription, 'sshPort' | 'interactive'>;
  /** For more files of this machine. */
  directory: string;
  /** Bytes. */
  diskSize: number;
}

/**
 * A directory for a machine's files. Sockets are among them, so its path is short; disks are, so it is not in memory.
 * What killed processes left, disks and keys, is removed.
 */
export async function machineDirectory(): Promise<Scratch> {
  return openScratch(process.env.TMPDIR ?? '/var/tmp');
}

/**
 * Makes the files that a machine needs, and chooses how to run it.
 * @param cleanup gets what removes the files
 * @throws CosaError `TOOL_MISSING` (exit 3), `DISK_FORMAT_UNKNOWN`, `ARCHITECTURE_UNBOOTABLE`, `FIRMWARE_UNSUPPORTED` (exit 2)
 */
export async function prepareMachine(
  options: MachineOptions,
  reporter: Reporter,
  cleanup: Cleanup,
): Promise<PreparedMachine> {
  const architecture = bootableArchitecture(options.architecture);
  const { machine: board } = architecture;
  const firmware = firmwareFor(architecture, options.firmware);
  const scratch = await machineDirectory();
  cleanup.defer(() => scratch[Symbol.asyncDispose]());
  const directory = scratch.path;
  await makeDirectory(dirname(options.consoleLog));
  const { accelerator, reason } = await chooseAccelerator(architecture, directory, reporter.signal);
  if (reason !== undefined) reporter.log(`the machine is emulated, which is slow: ${reason}`);
  const disk =
    typeof options.disk === 'string'
      ? await createOverlay(options.disk, directory, options.grow)
      : await createEmptyDisk(options.disk, directory);
  const { secondDisk } = options;
  return {
    directory,
    diskSize: disk.size,
    description: {
      board,
      accelerator,
      memory: options.memory,
      cpus: options.cpus,
      disk,
      secondDisk: secondDisk === undefined ? undefined : await createOverlay(secondDisk, directory, 0, 'second'),
      tpm: options.tpm,
      cdrom: options.cdrom === undefined ? undefined : resolve(options.cdrom),
      network: options.network ?? 'none',
      networkBoot: options.networkBoot,
      uefi: await prepareFirmware(firmware, board, directory),
      secureBoot: firmware === 'uefi-secure',
      ignition: await writeIgnition(options.ignition, directory),
      consoleLog: options.consoleLog,
    },
  };
}

async function writeIgnition(config: string | undefined, directory: string): Promise<string | undefined> {
  if (config === undefined) return undefined;
  const path = join(directory, 'config.ign');
  await writeFile(path, config, { mode: 0o600 });
  return path;
}
