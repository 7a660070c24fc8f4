import { mkdir, rename, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { withLock } from '../../src/exec/lock.ts';
import { type RunResult, run, tryRun, type WholeRunOptions } from '../../src/exec/run.ts';
import { type Tool, tools } from '../../src/exec/tools.ts';
import { sha256Hex } from '../../src/lib/digest.ts';
import { exists } from '../../src/lib/if-exists.ts';
import { hostAcquireSettings } from '../../src/packages/deb/host-apt.ts';
import { mirrorNamed } from '../../src/packages/deb/mirrors.ts';

// Debian systems in directories of their own: peers that the host does not have, and second hosts on which bytes must
// be the same. What runs in one finds nothing of the host but what it is given.

export type Suite = 'bookworm' | 'trixie' | 'sid';

export interface DebianRootRequest {
  suite: Suite;
  packages: readonly string[];
  /** Only unpacked, which is quick and does for programs that need no set-up; or installed, as a host is. */
  state: 'unpacked' | 'installed';
}

const mmdebstrap: Tool = {
  name: 'mmdebstrap',
  packages: { deb: 'mmdebstrap', rpm: 'mmdebstrap' },
  purpose: 'makes Debian systems for tests',
};

const roots = resolve(import.meta.dirname, '../../.test-work/roots');

/** The directory of such a system, made from the machine's own mirror by whoever needs it first, and then kept. */
export async function debianRoot({ suite, packages, state }: DebianRootRequest): Promise<string> {
  const directory = resolve(roots, `${suite}-${sha256Hex([state, ...packages].join(' ')).slice(0, 12)}`);
  await mkdir(roots, { recursive: true });
  return withLock(`${directory}.lock`, async () => {
    if (await exists(directory)) return directory;
    const temporary = `${directory}.new`;
    await rm(temporary, { recursive: true, force: true });
    const settings = (await hostAcquireSettings()).map((line) => `--aptopt=${line}`);
    const variant = state === 'unpacked' ? 'extract' : 'apt';
    const mirror = await mirrorNamed('mirror');
    // base-files has the links by which a program finds its loader: /lib64.
    const include = ['base-files', ...packages].join(',');
    const made = ['--quiet', `--variant=${variant}`, `--include=${include}`, ...settings];
    await run(mmdebstrap, [...made, suite, temporary, ...(mirror === undefined ? [] : [mirror])]);
    // What is unpacked alone has no places to mount at.
    for (const name of ['dev', 'mnt', 'proc', 'run', 'sys', 'tmp', 'var/tmp']) {
      await mkdir(resolve(temporary, name), { recursive: true });
    }
    await rename(temporary, directory);
    return directory;
  });
}

export interface InsideOptions extends Pick<WholeRunOptions, 'input'> {
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** Paths of the host that are there under the same name, writable: the test's scratch directory. */
  shared?: readonly string[];
}

/**
 * Runs a command with a directory as its `/`: its own programs, libraries, helpers and configuration. Of the host it
 * has the network, for the test's servers on loopback, and the shared paths.
 */
export async function runInside(
  root: string,
  command: readonly string[],
  { env = {}, cwd, shared = [], input = '' }: InsideOptions = {},
): Promise<RunResult> {
  const args = ['--ro-bind', root, '/', '--dev', '/dev', '--proc', '/proc', '--ro-bind', '/sys', '/sys'];
  args.push('--die-with-parent', '--clearenv');
  for (const path of ['/tmp', '/run', '/var/tmp']) args.push('--tmpfs', path);
  const variables = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/tmp', LC_ALL: 'C.UTF-8', ...env };
  for (const [name, value] of Object.entries(variables)) args.push('--setenv', name, value);
  for (const path of shared) args.push('--bind', path, path);
  args.push('--chdir', cwd ?? '/');
  return tryRun(tools.bubblewrap, [...args, '--', ...command], { input });
}

/** A bare Debian has no umount, but perl: 166 is umount2, 2 is MNT_DETACH. */
const enter = `
root=$1 directory=$2
shift 2
mount --bind "$root" "$root"
cd "$root"
mount --rbind /dev dev
mount --rbind /sys sys
mount -t proc proc proc
mount -t tmpfs tmpfs run
while [ "$1" != -- ]; do
  mkdir -p ".$(dirname "$1")"
  if [ -d "$1" ]; then mkdir -p ".$1"; else touch ".$1"; fi
  mount --rbind "$1" ".$1"
  shift
done
shift
pivot_root . mnt
perl -e 'my $old = "/mnt"; syscall(166, $old, 2) == 0 or die "umount2: $!"'
cd "$directory"
# The shell stays: it is the first process there, which collects those that nobody else waits for.
status=0
"$@" || status=$?
exit "$status"
`;

export interface HostRequest {
  /** Where the command runs, as the root names it. */
  directory: string;
  /** Files and directories of the machine that are there under the same name, writable. */
  shared?: readonly string[];
  /** All there is of it. */
  environment: readonly string[];
}

/**
 * Arguments for `unshare` that run a command, as root, on a system of its own: the directory becomes `/`, and changes. Not by
 * chroot and not in a sandbox: in those the command could make no user namespace.
 */
export function asHost(root: string, command: readonly string[], { directory, shared = [], environment }: HostRequest) {
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child'];
  const script = ['sh', '-ceu', enter, 'sh', root, directory, ...shared, '--'];
  return [...namespaces, ...script, 'env', '--ignore-environment', ...environment, ...command];
}
