import { type ArchitectureName, architectureNamed, hostArchitecture } from '../lib/architecture.ts';
import { type RunningProgram, type RunOptions, type RunResult, start, tryRun } from './run.ts';
import { openGate } from './sandbox/gate.ts';
import { tools } from './tools.ts';

export interface Bind {
  /** Path on the host. */
  from: string;
  /** Path inside. */
  to: string;
  writable?: boolean;
}

export interface SandboxOptions {
  /** The directory that becomes `/`: writable, unless there is a sysroot, or it is to be read alone. */
  root: string;
  isReadOnly?: boolean;
  /** Another tree, which the command finds at {@link sysrootInside}: writable, with surroundings of its own. */
  sysroot?: string;
  /** Of the root's programs; this machine's unless given. Those of another are emulated. */
  architecture?: ArchitectureName;
  binds?: readonly Bind[];
  /** Directories of the tree in whose place the command sees an empty one, in memory. */
  inMemory?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Working directory inside. */
  cwd?: string;
}

/** Where the tree lies inside that the command works on, if it is not the command's own. */
export const sysrootInside = '/tmp/sysroot';

/**
 * What package managers and packages' scripts do as root: owners, modes, file capabilities, other identities, chroot.
 * No devices: an ordinary user could not make them, and trees are the same for all. No capability here serves to
 * mount, or to leave a namespace.
 */
const capabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETFCAP', 'SYS_CHROOT'];

/**
 * Starts a command as root inside a directory tree, where it reaches nothing of the host but `binds`.
 *
 * It has a user namespace of its own, whoever we are, in which it keeps {@link capabilities}; its own mount, PID, IPC,
 * UTS, cgroup and network namespaces (no network at all); a fresh /dev, /run and /tmp; a /proc that cannot be
 * written to and has no keys, for there a number is enough to be root; a filter of system calls; and none of the
 * files that we were started with.
 * @throws CosaError `NAMESPACE_FAILED`, `TOOL_MISSING`, `EMULATION_MISSING` (exit 3)
 */
export async function startInSandbox(
  options: SandboxOptions,
  command: readonly string[],
  runOptions: Omit<RunOptions, 'descriptors'> = {},
): Promise<RunningProgram> {
  const gate = await openGate(options.architecture ?? hostArchitecture().name);
  const close = () => gate[Symbol.asyncDispose]();
  try {
    const { descriptors } = gate;
    const program = await start(tools.bubblewrap, sandboxArguments(options, command), { ...runOptions, descriptors });
    void program.done.then(close, close);
    return program;
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Makes sure that programs of an architecture run here, before work of minutes is begun that needs them at its end.
 * @throws CosaError `NAMESPACE_FAILED`, `TOOL_MISSING`, `EMULATION_MISSING` (exit 3)
 */
export async function requireProgramsOf(architecture: ArchitectureName): Promise<void> {
  await using _gate = await openGate(architecture);
}

/** As {@link startInSandbox}, to the command's end; a non-zero exit status is a result. */
export async function tryRunInSandbox(
  options: SandboxOptions,
  command: readonly string[],
  runOptions: Omit<RunOptions, 'descriptors'> = {},
): Promise<RunResult> {
  await using gate = await openGate(options.architecture ?? hostArchitecture().name);
  const { descriptors } = gate;
  return await tryRun(tools.bubblewrap, sandboxArguments(options, command), { ...runOptions, descriptors });
}

/** What the emulator reads, which begins with the environment of the program that it runs. */
function emulationEnvironment({ architecture = hostArchitecture().name }: SandboxOptions): Record<string, string> {
  const { qemuUserProcessor } = architectureNamed(architecture);
  if (architecture === hostArchitecture().name || qemuUserProcessor === undefined) return {};
  return { QEMU_CPU: qemuUserProcessor };
}

/** Descriptors 3 and 4 are a user namespace and a filter of system calls. */
function sandboxArguments(options: SandboxOptions, command: readonly string[]): string[] {
  const args = ['--userns', '3', '--seccomp', '4', '--unshare-net', '--unshare-pid', '--unshare-ipc'];
  args.push('--unshare-cgroup-try', '--unshare-uts', '--hostname', 'localhost');
  args.push('--die-with-parent', '--new-session', '--clearenv', '--cap-drop', 'ALL');
  for (const capability of capabilities) args.push('--cap-add', `CAP_${capability}`);
  const env = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    ...emulationEnvironment(options),
    ...options.env,
  };
  for (const [name, value] of Object.entries(env)) args.push('--setenv', name, value);
  const isWritable = options.sysroot === undefined && options.isReadOnly !== true;
  args.push(isWritable ? '--bind' : '--ro-bind', options.root, '/', ...surroundings(''));
  if (options.sysroot !== undefined) {
    args.push('--bind', options.sysroot, sysrootInside, ...surroundings(sysrootInside));
  }
  for (const path of options.inMemory ?? []) args.push('--tmpfs', path);
  for (const bind of options.binds ?? []) args.push(bind.writable ? '--bind' : '--ro-bind', bind.from, bind.to);
  args.push('--chdir', options.cwd ?? '/', '--', ...command);
  return args;
}

/** What every tree is given of its own. @param tree its place, empty for `/` */
function surroundings(tree: string): string[] {
  const args = ['--dev', `${tree}/dev`, '--proc', `${tree}/proc`];
  for (const name of ['keys', 'key-users']) args.push('--dev-bind-try', '/dev/null', `${tree}/proc/${name}`);
  args.push('--remount-ro', `${tree}/proc`, '--tmpfs', `${tree}/run`);
  return [...args, '--tmpfs', `${tree}/tmp`, '--chmod', '1777', `${tree}/tmp`];
}
