import type { Tool } from './tool.ts';

export const bubblewrap: Tool = {
  name: 'bwrap',
  packages: { deb: 'bubblewrap', rpm: 'bubblewrap' },
  purpose: "runs the operating system's own programs in a namespace",
};

export interface Bind {
  /** Path on the host. */
  from: string;
  /** Path inside. */
  to: string;
  writable?: boolean;
}

export interface SandboxOptions {
  /** The directory that becomes `/`, writable. */
  root: string;
  binds?: readonly Bind[];
  /** Directories of the tree in whose place the command sees an empty one, in memory. */
  inMemory?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Working directory inside. */
  cwd?: string;
}

/**
 * Arguments for {@link bubblewrap} that run a command as root inside a directory tree: own mount, PID,
 * IPC, UTS and network namespaces (no network at all), a fresh /dev, /proc, /run and /tmp, all
 * capabilities of the surrounding user namespace so that maintainer scripts can chown and setcap.
 * The host is reachable only through `binds`.
 */
export function sandboxArguments(options: SandboxOptions, command: readonly string[]): string[] {
  const args = ['--unshare-net', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--hostname', 'localhost'];
  args.push('--die-with-parent', '--new-session', '--cap-add', 'ALL', '--clearenv');
  const env = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    ...options.env,
  };
  for (const [name, value] of Object.entries(env)) args.push('--setenv', name, value);
  args.push('--bind', options.root, '/', '--dev', '/dev', '--proc', '/proc', '--tmpfs', '/run', '--tmpfs', '/tmp');
  args.push('--chmod', '1777', '/tmp');
  for (const path of options.inMemory ?? []) args.push('--tmpfs', path);
  for (const bind of options.binds ?? []) args.push(bind.writable ? '--bind' : '--ro-bind', bind.from, bind.to);
  args.push('--chdir', options.cwd ?? '/', '--', ...command);
  return args;
}
