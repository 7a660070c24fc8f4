import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tryRunInSandbox } from '../../../src/exec/sandbox.ts';

/** Something that a program in the sandbox does. */
export interface Attempt {
  name: string;
  /** A command line for sh: exit status 0 says that it was done. */
  script: string;
}

export interface AttemptResult {
  name: string;
  done: boolean;
  output: string;
}

/**
 * Makes a system call with numbers as arguments, senseless ones: done if the kernel complains of those, and not of us
 * (EPERM), of the family (EAFNOSUPPORT) or of the call (ENOSYS).
 */
function systemCall(x64: number, arm64: number, ...args: readonly number[]): string {
  const list = args.map((argument) => `, ${argument}`).join('');
  const number = `(qx(uname -m) =~ /aarch64/ ? ${arm64} : ${x64})`;
  const program = `$r = syscall(${number}${list}); $e = $! + 0; print "$r $!\\n"; exit($r < 0 && grep { $e == $_ } 1, 38, 97)`;
  return `perl -e '${program}'`;
}

/** What is in a file of the kernel's is written to it again: no machine is changed where the sandbox fails. */
function rewrite(path: string): string {
  return `value=$(cat ${path}) && echo "$value" > ${path}`;
}

/** Ways out of the sandbox, or to something of the host. Variables: the program's place and port on the host. */
export const waysOut: readonly Attempt[] = [
  { name: 'set a core handler', script: rewrite('/proc/sys/kernel/core_pattern') },
  { name: 'set a sysctl without effect', script: rewrite('/proc/sys/vm/laptop_mode') },
  { name: 'press a SysRq key', script: 'echo h > /proc/sysrq-trigger' },
  { name: 'write to an interrupt', script: rewrite('/proc/irq/default_smp_affinity') },
  { name: 'make /proc writable', script: 'mount -o remount,rw /proc' },
  { name: 'mount another /proc', script: `mount -t proc proc /mnt && ${rewrite('/mnt/sys/vm/laptop_mode')}` },
  { name: 'uncover the keys', script: 'umount /proc/keys' },
  { name: 'read the keys', script: 'grep -q . /proc/keys /proc/key-users' },
  { name: 'join a session keyring', script: systemCall(250, 219, 1, 0) },
  { name: 'look at the user keyring', script: systemCall(250, 219, 0, -4, 0) },
  { name: 'mount sysfs', script: 'mount -t sysfs sysfs /mnt' },
  { name: 'mount cgroup2', script: 'mount -t cgroup2 cgroup2 /mnt' },
  { name: 'mount the BPF file system', script: 'mount -t bpf bpf /mnt' },
  { name: 'mount in memory', script: 'mount -t tmpfs tmpfs /mnt' },
  { name: 'bind a directory', script: 'mount --bind /usr /mnt' },
  { name: 'open a file system', script: systemCall(430, 430, 0, 0) },
  { name: 'make a user namespace', script: 'unshare --user true' },
  { name: 'make a mount namespace', script: 'unshare --mount true' },
  { name: 'make a user namespace with clone', script: systemCall(56, 220, 0x10000011, 0, 0, 0, 0) },
  { name: 'make something with clone3', script: systemCall(435, 435, 0, 0) },
  { name: 'enter the namespaces of the first process', script: 'nsenter --target 1 --mount --user true' },
  { name: 'enter its own user namespace anew', script: 'nsenter --user=/proc/self/ns/user true' },
  { name: 'trace the first process', script: systemCall(101, 117, 0x4206, 1, 0, 0) },
  { name: 'write to its memory', script: 'exec 3<> /proc/1/mem' },
  { name: 'load a BPF program', script: systemCall(321, 280, 0, 0, 0) },
  { name: 'count events', script: systemCall(298, 241, 0, 0, -1, -1, 0) },
  { name: 'open a file by its handle', script: systemCall(304, 265, -100, 0, 0) },
  { name: 'load a kernel module', script: systemCall(313, 273, 0, 0, 0) },
  { name: 'load another kernel', script: systemCall(246, 104, 0, 0, 0, 0) },
  { name: 'set up io_uring', script: systemCall(425, 425, 1, 0) },
  { name: 'make a system call that nobody knows', script: systemCall(500, 500) },
  { name: "read the kernel's log", script: 'dmesg' },
  // To what it is: where this succeeds, the machine takes no harm.
  { name: 'set the clock', script: 'date --set "$(date --rfc-3339=ns)"' },
  { name: 'reboot', script: systemCall(169, 142, 0, 0, 0, 0) },
  { name: 'make a disk', script: 'mknod /tmp/disk b 8 0' },
  { name: 'make a device', script: 'mknod /tmp/null c 1 3' },
  { name: 'see another process', script: 'for p in /proc/[0-9]*/comm; do cat $p; done 2>/dev/null | grep node' },
  { name: 'see a file of the host', script: 'test -e "$SECRET"' },
  { name: 'see a file of the host behind the root of a process', script: 'test -e "/proc/1/root$SECRET"' },
  {
    name: 'break out of a chroot',
    script: `perl -e 'mkdir "/tmp/c"; chroot "/tmp/c"; chdir ".." for 1..50; chroot "."; exit(!-e $ENV{SECRET})'`,
  },
  {
    name: 'reach a port of the host',
    script: `perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0) && connect(S, sockaddr_in($ENV{PORT}, INADDR_LOOPBACK)) or exit 1'`,
  },
  {
    name: 'reach an abstract socket of the host',
    script: `perl -MSocket -e 'socket(S, PF_UNIX, SOCK_STREAM, 0) && connect(S, pack("Sa*", PF_UNIX, "\\0$ENV{ABSTRACT}")) or exit 1'`,
  },
  { name: 'talk to the hypervisor', script: systemCall(41, 198, 40, 1, 0) },
  { name: 'make a raw socket', script: systemCall(41, 198, 2, 3, 1) },
  {
    name: 'use an inherited directory',
    script: 'for f in /proc/self/fd/*; do test -d $f && test $(readlink $f) != /proc/self/fd && exit 0; done; exit 1',
  },
  {
    name: 'become more by a set-uid program',
    script: 'cp /usr/bin/id /tmp/i && chown 5 /tmp/i && chmod 4755 /tmp/i && test "$(/tmp/i -u)" = 5',
  },
  { name: 'read the environment', script: 'test -n "$COSA_SECRET"' },
];

/** What package managers and packages' scripts must be able to do. */
export const duties: readonly Attempt[] = [
  {
    name: 'give a file away',
    script: 'touch /tmp/f && chown 101:102 /tmp/f && test "$(stat -c %u:%g /tmp/f)" = 101:102',
  },
  { name: 'write to what belongs to others', script: 'mkdir -m 700 /srv/d && chown 5:5 /srv/d && touch /srv/d/f' },
  {
    name: 'set the bits of set-uid and set-gid',
    script: 'touch /tmp/s && chown 101:102 /tmp/s && chmod 6755 /tmp/s && test "$(stat -c %a /tmp/s)" = 6755',
  },
  {
    name: 'give a file a capability, in the form that layers have',
    script: 'cp /usr/bin/true /srv/ping && setcap cap_net_raw+ep /srv/ping && getcap /srv/ping | grep -q cap_net_raw',
  },
  { name: 'make a pipe', script: 'mknod /srv/pipe p && test -p /srv/pipe' },
  { name: 'enter a chroot', script: 'chroot / true' },
  { name: 'be somebody else', script: 'test "$(setpriv --reuid 33 --regid 33 --clear-groups id -u)" = 33' },
  { name: 'end a process of somebody else', script: 'setpriv --reuid 33 --clear-groups sleep 60 & sleep 0; kill $!' },
  { name: 'write to its own output', script: '(echo x > /dev/stdout) | grep -q x && echo x > /dev/null' },
  { name: 'have threads', script: 'sort --parallel=2 /etc/passwd' },
  { name: 'talk on a socket', script: `perl -MSocket -e 'socketpair(A, B, PF_UNIX, SOCK_STREAM, 0) or exit 1'` },
  { name: 'see its own process', script: 'test "$(cat /proc/self/comm)" = cat' },
  { name: 'make files in memory', script: 'touch /run/a /tmp/b /dev/shm/c' },
];

/** One after the other, in one sandbox: output and exit status of each, with zero bytes between. */
const tryEach = 'for script; do timeout 20 sh -c "$script" 2>&1; printf "\\0%s\\0" $?; done';

/**
 * Tries all of it in a small tree: the host's /usr, and nothing else.
 */
async function tryAll(attempts: readonly Attempt[]): Promise<AttemptResult[]> {
  const directory = await mkdtemp(join(tmpdir(), 'cosa-attempts-'));
  const server = createServer().listen(0, '127.0.0.1');
  const abstract = `cosa-${process.pid}`;
  const socket = createServer().listen(`\0${abstract}`);
  try {
    const root = join(directory, 'root');
    await makeTree(root);
    await writeFile(join(directory, 'secret'), '');
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const env = { SECRET: join(directory, 'secret'), PORT: String(port), ABSTRACT: abstract };
    const binds = [{ from: '/usr', to: '/usr' }];
    const scripts = attempts.map(({ script }) => script);
    const { stdout, stderr } = await tryRunInSandbox({ root, binds, env }, [
      '/bin/sh',
      '-c',
      tryEach,
      'sh',
      ...scripts,
    ]);
    const parts = stdout.split('\0');
    if (parts.length !== 2 * attempts.length + 1) throw new Error(`${stdout}${stderr}`);
    return attempts.map(({ name }, index) => ({
      name,
      done: parts[2 * index + 1] === '0',
      output: parts[2 * index] ?? '',
    }));
  } finally {
    server.close();
    socket.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function makeTree(root: string): Promise<void> {
  for (const name of ['usr', 'etc', 'srv', 'mnt', 'root']) await mkdir(join(root, name), { recursive: true });
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) await symlink(`usr/${name}`, join(root, name));
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n');
  await chmod(root, 0o755);
}

if (process.argv[1] === import.meta.filename) {
  console.log(JSON.stringify({ waysOut: await tryAll(waysOut), duties: await tryAll(duties) }));
}
