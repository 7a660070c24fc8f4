import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type ArchitectureName, architectureCalled, hostArchitecture } from '../../lib/architecture.ts';
import { usageError } from '../../lib/errors.ts';
import { ifExists } from '../../lib/if-exists.ts';
import { readTextIfExists } from '../../lib/text-file.ts';
import { runStep } from '../../progress/step.ts';
import type { Network } from '../../vm/arguments.ts';
import type { Firmware } from '../../vm/firmware.ts';
import { autologinDropin, ignitionConfig } from '../../vm/ignition.ts';
import { prepareInteractiveMachine } from '../../vm/interactive.ts';
import { watchForLoginPrompt } from '../../vm/login-prompt.ts';
import { machineDirectory } from '../../vm/prepare.ts';
import { createSshKey } from '../../vm/ssh.ts';
import type { Session } from '../../workspace/session.ts';
import { buildImages } from './build.ts';
import { readIgnition } from './read-ignition.ts';

export interface RunOptions {
  /** Where the command runs; relative paths start there. */
  directory: string;
  /** Reference of the container; the newest build unless given. */
  from?: string | undefined;
  /** A disk image, instead of a container's. */
  disk?: string | undefined;
  /** An Ignition config to merge. */
  ignition?: string | undefined;
  /** What the disk is for: of an index with several, and of a disk that nothing tells it of. This machine's unless given. */
  architecture?: ArchitectureName | undefined;
  /** What the architecture's machines usually have, unless given. */
  firmware?: Firmware | undefined;
  /** MiB. */
  memory: number;
  cpus: number;
  /** What the guest reaches. */
  network: Network;
}

/** The example's first user, and that of every CoreOS. */
const user = 'core';

/**
 * Boots a disk image with its console on this terminal. The guest's changes are thrown away at the end.
 * @returns QEMU's exit status
 * @throws CosaError `DISK_AND_CONTAINER`, `DISK_MISSING`, `IGNITION_INVALID`, `IGNITION_MISSING` (exit 2), what `buildImages` and
 *   `prepareInteractiveMachine` throw
 */
export async function runMachine(session: Session, options: RunOptions): Promise<number> {
  if (options.disk !== undefined && options.from !== undefined) {
    throw usageError('DISK_AND_CONTAINER', 'a disk image and a container are both given: --disk and --from', {
      hint: 'give one of them',
    });
  }
  const merge = options.ignition === undefined ? undefined : await readIgnition(options.directory, options.ignition);
  const { disk, architecture } =
    options.disk === undefined
      ? await imageOf(session, options)
      : await diskFile(options.directory, options.disk, options.architecture);
  await using scratch = await machineDirectory();
  const key = await createSshKey(scratch.path);
  const ignition = ignitionConfig({
    users: [{ name: user, sshKeys: [key.publicKey] }],
    dropins: [autologinDropin(user)],
    merge,
  });
  const { firmware, memory, cpus, network } = options;
  const consoleLog = join(scratch.path, 'console.log');
  await using machine = await runStep(session, 'prepare machine', async (reporter) => {
    const prepared = await prepareInteractiveMachine(
      { disk, architecture, firmware, memory, cpus, network, ignition, consoleLog },
      reporter,
    );
    reporter.note(waysOut(key.path, prepared.sshPort));
    return prepared;
  });
  await using login = await watchForLoginPrompt(consoleLog);
  // Boot loaders clear the screen: what one must know stands there again once there is something to type at.
  void login.seen.then((seen) => {
    if (seen) session.events({ type: 'notice', message: waysOut(key.path, machine.sshPort) });
  });
  return await machine.boot();
}

/** A disk image and what it is for. */
interface BootableDisk {
  disk: string;
  architecture: ArchitectureName;
}

async function diskFile(
  directory: string,
  file: string,
  architecture: ArchitectureName | undefined,
): Promise<BootableDisk> {
  const path = resolve(directory, file);
  const stats = await ifExists(stat(path));
  if (stats === undefined) throw usageError('DISK_MISSING', `--disk: there is no file ${path}`);
  // A block device is a disk, too.
  if (!stats.isFile() && !stats.isBlockDevice())
    throw usageError('DISK_MISSING', `--disk: ${path} is not a disk image`);
  return { disk: path, architecture: architecture ?? (await recordedArchitecture(path)) ?? hostArchitecture().name };
}

/** What the record beside a disk image says, if there is one that we can read. */
async function recordedArchitecture(disk: string): Promise<ArchitectureName | undefined> {
  const text = await readTextIfExists(`${disk}.json`);
  try {
    const { architecture } = recordSchema.parse(JSON.parse(text ?? '{}'));
    return architecture === undefined ? undefined : architectureCalled(architecture)?.name;
  } catch {
    return undefined;
  }
}

/** Of a record of whatever version. */
const recordSchema = z.object({ architecture: z.string().optional() });

/** How to leave, and how to get in from another terminal. Each machine has keys of its own, and ports come again. */
function waysOut(key: string, port: number): string {
  const forgetful = '-o UserKnownHostsFile=/dev/null -o StrictHostKeyChecking=no -o LogLevel=ERROR';
  return `leave with Ctrl-A X; from another terminal: ssh ${forgetful} -i ${key} -p ${port} ${user}@127.0.0.1`;
}

async function imageOf(session: Session, { directory, from, architecture }: RunOptions): Promise<BootableDisk> {
  const { images, container } = await buildImages(session, { directory, platforms: ['qemu'], from, architecture });
  const image = images[0];
  if (image === undefined) throw new Error('no disk image was made for a platform that was asked for');
  return { disk: image.path, architecture: container.architecture };
}
