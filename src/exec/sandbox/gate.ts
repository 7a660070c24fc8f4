import { type FileHandle, open, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Architecture,
  type ArchitectureName,
  architectureNamed,
  hostArchitecture,
} from '../../lib/architecture.ts';
import { type Cleanup, createCleanup } from '../../lib/cleanup.ts';
import { CosaError } from '../../lib/errors.ts';
import { readTextIfExists } from '../../lib/text-file.ts';
import { openScratch } from '../scratch.ts';
import { missingTool } from '../tool-errors.ts';
import { userEmulator } from '../tools/user-emulator.ts';
import { which } from '../which.ts';
import { emulationRule, machineEmulates } from './emulation.ts';
import { systemCallFilter } from './filter.ts';
import { openUserNamespace } from './user-namespace.ts';

/** The descriptors that bubblewrap is started with, and what must stay open until it has ended. */
export interface Gate extends AsyncDisposable {
  /** From 3 on: a user namespace, a filter of system calls, and nothing in the place of what we have inherited. */
  descriptors: readonly (number | 'ignore')[];
}

/**
 * @param programs the architecture of the programs to be run
 * @throws CosaError `NAMESPACE_FAILED`, `TOOL_MISSING`, `EMULATION_MISSING` (exit 3)
 */
export async function openGate(programs: ArchitectureName): Promise<Gate> {
  const cleanup = createCleanup();
  try {
    const opened = async (opening: Promise<FileHandle>): Promise<number> => {
      const handle = await opening;
      cleanup.defer(() => handle.close());
      return handle.fd;
    };
    const descriptors: (number | 'ignore')[] = [
      await openNamespace(architectureNamed(programs), cleanup),
      await opened(openFilter()),
    ];
    const nothing = await opened(open('/dev/null'));
    for (const inherited of await inheritedDescriptors()) {
      while (descriptors.length <= inherited - 3) descriptors.push('ignore');
      if (inherited > 4) descriptors[inherited - 3] = nothing;
    }
    return { descriptors, [Symbol.asyncDispose]: () => cleanup[Symbol.asyncDispose]() };
  } catch (error) {
    await cleanup[Symbol.asyncDispose]();
    throw error;
  }
}

/** A user namespace in which programs of the architecture run: emulated, if it is not this machine's. */
async function openNamespace(architecture: Architecture, cleanup: Cleanup): Promise<number> {
  const isForeign = architecture.name !== hostArchitecture().name;
  const tool = userEmulator(architecture);
  const emulator = isForeign ? await which(tool.name) : undefined;
  const rule = emulator === undefined ? undefined : emulationRule(architecture, emulator);
  const namespace = await openUserNamespace(rule);
  cleanup.defer(() => namespace[Symbol.asyncDispose]());
  if (!isForeign || namespace.hasRule || (await machineEmulates(architecture))) return namespace.descriptor;
  if (emulator === undefined) throw missingTool(tool);
  throw new CosaError(
    'EMULATION_MISSING',
    `this machine's kernel does not run programs for ${architecture.name}: it has no rule for them, and lets nobody but root make one`,
    {
      hint: `as root: apt-get install ${tool.packages.deb} binfmt-support, which makes one; or use Linux 6.7 or newer`,
    },
  );
}

/** The kernel's table of calls is this machine's, whatever is emulated. */
async function openFilter(): Promise<FileHandle> {
  const filter = systemCallFilter(hostArchitecture());
  await using scratch = await openScratch(tmpdir());
  const handle = await open(join(scratch.path, 'filter'), 'wx+');
  // At a position, so that whoever gets the descriptor reads from the start.
  await handle.write(filter, 0, filter.length, 0);
  return handle;
}

/** Octal, as the kernel prints it. */
const closeOnExec = 0o2000000;

/**
 * Descriptors that every program which we start gets, too: those that our own caller left open for us, a directory of
 * the host perhaps. All that Node opens is closed when a program starts.
 */
async function inheritedDescriptors(): Promise<number[]> {
  const inherited: number[] = [];
  for (const name of await readdir('/proc/self/fdinfo')) {
    const information = await readTextIfExists(`/proc/self/fdinfo/${name}`);
    const flags = /^flags:\s*([0-7]+)$/m.exec(information ?? '')?.[1];
    if (flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0) inherited.push(Number(name));
  }
  return inherited.filter((descriptor) => descriptor > 2);
}
